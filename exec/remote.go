package exec

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// transports are the schemes of URLs through which a parcel may have objects
// fetched: what leads to another machine, and starts no program that the URL
// names.
var transports = []string{"https", "http", "ssh", "git"}

// withoutPassword returns the URL of a remote as other machines can use it,
// without what may be a password; ok is false when it leads to this machine.
func withoutPassword(remote string) (text string, ok bool) {
	u, err := url.Parse(remote)
	if err == nil && u.Host != "" {
		if u.Scheme == "ssh" && u.User != nil {
			u.User = url.User(u.User.Username())
		} else {
			u.User = nil
		}
		return u.String(), slices.Contains(transports, u.Scheme)
	}
	// USER@HOST:PATH goes through ssh; what has a slash before the colon is a path.
	host, _, colon := strings.Cut(remote, ":")
	return remote, colon && len(host) > 1 && !strings.ContainsAny(host, `/\`) && !strings.HasPrefix(host, "-") &&
		!strings.Contains(remote, "://") && !strings.Contains(remote, "::")
}

// fetch gets commits from a remote. Not every server gives out commits by their
// names, but all of its branches and tags are likely to lead to them.
func (g git) fetch(ctx context.Context, remote string, commits []string) error {
	if _, ok := withoutPassword(remote); !ok {
		return fmt.Errorf("nothing is fetched from %q: expected a URL such as https://example.com/repository.git", remote)
	}
	var args []string
	for _, transport := range transports {
		args = append(args, "-c", "protocol."+transport+".allow=always")
	}
	args = append(args, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--", remote)
	_, err := g.run(ctx, nil, append(args, commits...)...)
	if errors.As(err, new(*gitError)) {
		_, err = g.run(ctx, nil, append(args, "refs/heads/*", "refs/tags/*")...)
	}
	if failed := (*gitError)(nil); errors.As(err, &failed) {
		return fmt.Errorf("%s cannot be fetched on this machine: %s\n"+
			"let git fetch it here, or set %s to false with git config in the repository that is run, so that all commits are sent", remote, failed.stderr, fetchKey)
	}
	return err
}

// missing returns those of several objects that a repository does not have.
func (g git) missing(ctx context.Context, objects []string) ([]string, error) {
	out, err := g.run(ctx, strings.NewReader(strings.Join(objects, "\n")+"\n"), "cat-file", "--batch-check")
	if err != nil {
		return nil, err
	}
	var missing []string
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), " missing"); ok {
			missing = append(missing, name)
		}
	}
	return missing, nil
}
