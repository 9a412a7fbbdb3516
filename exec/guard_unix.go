//go:build unix

package exec

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// A guard ends what commands started when quire is killed and cannot do it any
// more: the kernel then ends the commands, where it can, but not their children.
// It is a shell that is told of the process groups and waits for the end of its
// input, which comes when quire is gone. The zero guard guards nothing.
type guard struct {
	tell *os.File
	cmd  *exec.Cmd
}

const guardScript = `groups=
while read -r what group; do
  case $what in
  began) groups="$groups $group" ;;
  ended)
    left=
    for g in $groups; do [ "$g" = "$group" ] || left="$left $g"; done
    groups=$left ;;
  esac
done
for g in $groups; do kill -s KILL -- "-$g"; done`

// newGuard starts a guard. Without a shell there is none.
func newGuard() guard {
	r, w, err := os.Pipe()
	if err != nil {
		return guard{}
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", guardScript)
	// A session of its own, so that no signal for quire's group reaches it, and
	// none of the run's environment, by which what is left of runs is found.
	cmd.Stdin, cmd.Env, cmd.Dir, cmd.SysProcAttr = r, []string{}, "/", &syscall.SysProcAttr{Setsid: true}
	if cmd.Start() != nil {
		w.Close()
		return guard{}
	}
	return guard{w, cmd}
}

func (g guard) say(what string, group int) {
	if g.tell != nil {
		// A guard that was killed guards nothing any more.
		_, _ = fmt.Fprintln(g.tell, what, group)
	}
}

// began tells of a group that is to end with quire.
func (g guard) began(group int) { g.say("began", group) }

// ended tells that the leader of a group has ended. The number stands for the
// group as long as it has members.
func (g guard) ended(group int) {
	if syscall.Kill(-group, 0) != nil {
		g.say("ended", group)
	}
}

// close ends what is left, and the guard.
func (g guard) close() {
	if g.tell != nil {
		g.tell.Close()
		_ = g.cmd.Wait()
	}
}
