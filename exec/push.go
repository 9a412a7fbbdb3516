package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"quire/analysis/pipeline"
)

// A Push is what quire/push tells a job.
type Push struct {
	SHA           string    `json:"sha,omitempty"` // full name of the commit; empty without git
	Ref           string    `json:"ref,omitempty"` // full name; empty when HEAD is detached
	Branch        string    `json:"branch,omitempty"`
	Tag           string    `json:"tag,omitempty"`
	PushedAt      time.Time `json:"pushed-at"`
	PreviousSHA   string    `json:"previous-sha,omitempty"`
	FilesChanged  []string  `json:"files-changed,omitzero"` // nil when nothing is known to compare with
	Pusher        string    `json:"pusher,omitempty"`
	CommitMessage string    `json:"commit-message,omitempty"`
	GitDir        string    `json:"git-dir,omitempty"` // of the workspace
}

// push returns what a workspace stands for. The ref and the previous commit
// replace what the workspace says of itself unless they are empty.
func (w *workspace) push(ctx context.Context, c checkout, ref, previous string) (Push, error) {
	p := Push{PushedAt: pushedAt(c.at), SHA: w.commit.sha, Ref: ref, PreviousSHA: previous,
		CommitMessage: w.commit.message, Pusher: w.config["user.name"], GitDir: w.gitDir}
	if p.Ref == "" {
		p.Ref = w.ref
	}
	p.Branch = after(p.Ref, "refs/heads/")
	p.Tag = after(p.Ref, "refs/tags/")
	if p.PreviousSHA == "" {
		p.PreviousSHA = w.upstream(p.Ref)
	}
	if p.PreviousSHA == "" || p.SHA == "" {
		return p, nil
	}
	g := c.repo.vcs.git
	if !c.inPlace {
		g = g.on(w.gitDir, w.dir)
	}
	out, err := g.run(ctx, nil, "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--end-of-options", p.PreviousSHA, p.SHA)
	if errors.As(err, new(*gitError)) {
		return p, nil // a shallow clone may not have the older commit
	}
	p.FilesChanged = append([]string{}, zeroTerminated(out)...)
	for i, name := range p.FilesChanged {
		p.FilesChanged[i] = lossy(name)
	}
	return p, err
}

// asPushed returns the push that a run is of: what the workspace says, unless
// others were told something else of the same commit. The error is a
// [*UsageError] when they ran another commit.
func (r Request) asPushed(here Push, throwAway bool) (Push, error) {
	if r.given == nil || r.given.Push == nil {
		return here, nil
	}
	p := *r.given.Push
	if p.SHA != here.SHA {
		text := fmt.Sprintf("%s is of commit %s, and this run would be of %s: check that commit out, or name it with --sha",
			r.given.from(), noneOr(p.SHA), noneOr(here.SHA))
		if throwAway {
			text += "; changes that are not committed count, also files that --outputs wrote into the repository"
		}
		return Push{}, &UsageError{text}
	}
	return r.overridden(p, here), nil
}

// overridden returns a push with what the options say of it taken from the one
// that they made.
func (r Request) overridden(p, here Push) Push {
	if r.ref != "" {
		p.Ref, p.Branch, p.Tag = here.Ref, here.Branch, here.Tag
	}
	if r.previous != "" {
		p.PreviousSHA, p.FilesChanged = here.PreviousSHA, here.FilesChanged
	}
	p.GitDir = here.GitDir
	return p
}

// pushedAt is when the run counts as pushed: when it started, or that of which
// it is given results. The date of a throw-away commit is the same, so that the
// same files are the same commit.
func (x *execution) pushedAt() time.Time {
	if given := x.request.given; given != nil && given.Push != nil {
		return given.Push.PushedAt
	}
	return x.report.Started
}

// pushedAt returns when a run counts as pushed: when it starts.
func pushedAt(start time.Time) time.Time { return start.UTC().Truncate(time.Second) }

// upstream returns the commit of the branch that a branch follows, or an empty
// string.
func (w *workspace) upstream(branch string) string {
	followed := ""
	for _, r := range w.refs {
		if r.name == branch {
			followed = r.upstream
		}
	}
	for _, r := range w.refs {
		if followed != "" && r.name == followed {
			return r.sha
		}
	}
	return ""
}

func after(s, prefix string) string {
	if rest, ok := strings.CutPrefix(s, prefix); ok {
		return rest
	}
	return ""
}

// data returns the push as a run-fn sees it.
func (p Push) data() (*pipeline.Data, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return pipeline.DataFromJSON(text)
}
