package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"quire/analysis/diag"
)

// dockerfile is the path, relative to the workspace, of what an image is built
// from when the pipeline names none.
const dockerfile = ".quire/Dockerfile"

// findImage returns what the containers of a run are made from: the image that
// the pipeline names, or dockerfile.
func (x *execution) findImage() (string, diag.List) {
	if x.pipe.Image != "" {
		return x.pipe.Image, nil
	}
	_, err := x.request.tree.Read(dockerfile)
	if err == nil {
		return dockerfile, nil
	}
	d := diag.Diagnostic{File: x.request.source.File, Code: diag.NoImage,
		Message: "The pipeline declares no image, and there is no " + dockerfile + ".",
		Help:    `Declare one with (ci.image "…"), add ` + dockerfile + `, or leave out --container.`}
	if !errors.Is(err, fs.ErrNotExist) {
		d.Message = "The pipeline declares no image, and " + dockerfile + " cannot be used: " + inWorkspace(err).Error() + "."
	}
	return "", diag.List{d}
}

// image returns the image to run: the one that the pipeline names, or the one
// that dockerfile, with the files of the workspace, builds. The error is a
// [*buildError] when it does not build.
func (x *execution) image(ctx context.Context, s *spawner, w *workspace) (string, error) {
	if x.report.Image != dockerfile {
		return x.report.Image, nil
	}
	// A tag of its own for each repository, so that what an earlier run built is
	// not left behind without a name, and an id, so that no other run comes
	// between.
	_, hash, _ := lastCut(filepath.Base(x.store.Dir()), "-")
	id := x.run.File("image")
	defer os.Remove(id)
	x.say("building the image from " + dockerfile)
	err := x.runtime.follow(ctx, s, x.say, "build", "--file", filepath.Join(w.dir, dockerfile),
		"--tag", "quire-"+hash, "--iidfile", id, w.dir)
	if failed := (*runtimeError)(nil); errors.As(err, &failed) {
		return "", &buildError{failed}
	}
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(id)
	return strings.TrimSpace(string(text)), err
}

// lastCut cuts s around the last sep.
func lastCut(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// A buildError says that dockerfile does not build, which is for the user to
// mend.
type buildError struct{ reason *runtimeError }

func (e *buildError) Error() string {
	return fmt.Sprintf("The image cannot be built from %s: %s", dockerfile, e.reason)
}

// say records a message about the whole run.
func (x *execution) say(message string) { x.record.emit(Event{Type: Log, Message: message}) }
