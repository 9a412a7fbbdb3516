package pipeline

import (
	"sync"

	"quire/analysis/fennel"
)

// maxCaches is of how many files something is kept. Beyond it all is forgotten,
// as of files that were renamed again and again.
const maxCaches = 500

// Caches hold what the versions of the files of one repository have in common,
// by file. They may be used by several goroutines; the zero value is empty and
// ready.
type Caches struct {
	mu    sync.Mutex
	files map[string]*fennel.Cache
}

// Of returns the cache of the file at a path relative to the root. Nil caches
// have none, so that nothing is kept.
func (c *Caches) Of(path string) *fennel.Cache {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil || c.files[path] == nil && len(c.files) >= maxCaches {
		c.files = map[string]*fennel.Cache{}
	}
	if c.files[path] == nil {
		c.files[path] = new(fennel.Cache)
	}
	return c.files[path]
}
