package exec

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"quire/analysis/pipeline"
)

// A push is what quire/push tells a job.
type push struct {
	SHA           string    `json:"sha,omitempty"`
	Ref           string    `json:"ref,omitempty"`
	Branch        string    `json:"branch,omitempty"`
	Tag           string    `json:"tag,omitempty"`
	PushedAt      time.Time `json:"pushed-at"`
	PreviousSHA   string    `json:"previous-sha,omitempty"`
	FilesChanged  []string  `json:"files-changed,omitzero"` // nil when nothing is known to compare with
	Pusher        string    `json:"pusher,omitempty"`
	CommitMessage string    `json:"commit-message,omitempty"`
	GitDir        string    `json:"git-dir,omitempty"`
}

// push returns what a workspace stands for. The ref and the previous commit
// replace what the workspace says of itself unless they are empty.
func (w *workspace) push(ctx context.Context, c checkout, ref, previous string) (push, error) {
	p := push{PushedAt: pushedAt(c.at), SHA: w.commit.sha, Ref: ref, PreviousSHA: previous,
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
func (p push) data() (*pipeline.Data, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return pipeline.DataFromJSON(text)
}
