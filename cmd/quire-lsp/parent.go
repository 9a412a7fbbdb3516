package main

import (
	"os"

	"go.lsp.dev/protocol"
)

// watchParent ends the session when the process that the client says it is has
// ended. That closes the standard input of the server too, unless another
// process has it as well, such as one that the client started. A process that
// cannot be seen from here, as from a container, is not watched.
func (s *server) watchParent(p *protocol.InitializeParams) {
	if p.ProcessID == nil || *p.ProcessID <= 0 {
		return
	}
	parent, err := os.FindProcess(int(*p.ProcessID))
	if err != nil {
		return
	}
	s.goWork(func() {
		if waitFor(s.ctx, parent) {
			s.leave()
		}
	})
}
