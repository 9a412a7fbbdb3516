package exec

import (
	"os/exec"
	"runtime"
)

// A spawner starts processes, all from one operating-system thread that lives
// until close: the kernel ends a child when the thread that forked it is gone,
// and Go's threads come and go.
type spawner struct {
	starts chan start
	done   chan struct{}
}

type start struct {
	cmd *exec.Cmd
	err chan error
}

func newSpawner() *spawner {
	s := &spawner{make(chan start), make(chan struct{})}
	go func() {
		// Never unlocked, so that the thread ends with the goroutine.
		runtime.LockOSThread()
		defer close(s.done)
		for st := range s.starts {
			st.err <- st.cmd.Start()
		}
	}()
	return s
}

// start starts a command in a session of its own, where no terminal can stop
// it and one signal reaches all of its processes.
func (s *spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = childAttributes()
	st := start{cmd, make(chan error, 1)}
	s.starts <- st
	return <-st.err
}

// close ends the thread, and with it every child that is left.
func (s *spawner) close() {
	close(s.starts)
	<-s.done
}
