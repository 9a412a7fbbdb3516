package fennel_test

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An oracle is a process that runs programs with the reference compiler.
// testdata/oracle.lua describes how it is spoken to.
type oracle struct {
	vm, compiler string
	// other is asked where a difference is found, since interpreters differ too.
	other *oracle

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	ran int // programs of this process
}

// A verdict is what the reference makes of a program.
type verdict struct {
	outcome
	// undecided reports that the reference did not get to an end, or that the
	// outcome says nothing, so that there is nothing to compare with.
	undecided bool
}

const (
	oracleTime  = 10 * time.Second // for one program
	oracleTurns = 20_000           // programs before a process is replaced
)

// newOracle returns the reference that the environment names. FENNEL_LUA is its
// fennel.lua, FENNEL_LUA_VM a Lua 5.1 to run it, or several with commas between:
// the first answers, and a difference is one for all of them.
func newOracle(t testing.TB) *oracle {
	compiler := os.Getenv("FENNEL_LUA")
	if compiler == "" {
		t.Skip("set FENNEL_LUA to the fennel.lua of the reference compiler to compare with it")
	}
	var first *oracle
	for _, vm := range slices.Backward(strings.Split(cmp.Or(os.Getenv("FENNEL_LUA_VM"), "lua5.1"), ",")) {
		if _, err := exec.LookPath(vm); err != nil {
			t.Fatalf("%v; FENNEL_LUA_VM names the interpreter", err)
		}
		first = &oracle{vm: vm, compiler: compiler, other: first}
		t.Cleanup(first.stop)
	}
	return first
}

func (o *oracle) start() error {
	o.cmd = exec.Command(o.vm, "testdata/oracle.lua", o.compiler, traceModule)
	o.cmd.Stderr = os.Stderr
	in, err := o.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	o.in, o.out, o.ran = in, bufio.NewReader(out), 0
	return o.cmd.Start()
}

func (o *oracle) stop() {
	if o.cmd == nil {
		return
	}
	o.in.Close()
	o.cmd.Process.Kill()
	o.cmd.Wait() //nolint:errcheck // it was killed
	o.cmd = nil
}

// ask runs a program. A process that fails or takes too long is replaced by the
// next call, and the program is undecided.
func (o *oracle) ask(program string) (*verdict, error) {
	if o.cmd == nil || o.ran == oracleTurns {
		o.stop()
		if err := o.start(); err != nil {
			return nil, err
		}
	}
	o.ran++
	process := o.cmd.Process
	late := time.AfterFunc(oracleTime, func() { process.Kill() })
	defer late.Stop()
	v, err := o.exchange(program)
	if err != nil {
		fresh := o.ran == 1
		o.stop()
		if fresh {
			return nil, fmt.Errorf("%s %s: %w", o.vm, o.compiler, err)
		}
		return &verdict{undecided: true}, nil
	}
	return v, nil
}

func (o *oracle) exchange(program string) (*verdict, error) {
	if _, err := fmt.Fprintf(o.in, "%d\n%s", len(program), program); err != nil {
		return nil, err
	}
	v := &verdict{outcome: outcome{Result: []string{}}}
	for {
		head, err := o.out.ReadString('\n')
		if err != nil {
			return nil, err
		}
		name, size, _ := strings.Cut(strings.TrimSuffix(head, "\n"), " ")
		n, err := strconv.Atoi(size)
		if err != nil {
			return nil, errors.New("the oracle does not keep to the protocol: " + head)
		}
		value := make([]byte, n+1)
		if _, err := io.ReadFull(o.out, value); err != nil {
			return nil, err
		}
		if name == "end" {
			return v, nil
		}
		v.note(name, string(value[:n]))
	}
}

// LuaJIT has no addresses for the functions of its library.
var builtin = regexp.MustCompile(`builtin#\d+`)

// note takes one field of an answer.
func (v *verdict) note(name, value string) {
	value = builtin.ReplaceAllString(value, "0x00000000")
	if name == "kind" {
		v.Error = &failure{Kind: value}
	}
	number := func() *int {
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil
		}
		return &n
	}
	inner := func() *struct{ Line, Col *int } {
		if v.Error.Inner == nil {
			v.Error.Inner = new(struct{ Line, Col *int })
		}
		return v.Error.Inner
	}
	switch name {
	case "stdout":
		v.Stdout = value
	case "result":
		v.Result = append(v.Result, value)
	case "message":
		v.Error.Message = value
	case "line":
		v.Error.Line = number()
	case "col":
		v.Error.Col = number()
	case "innerline":
		inner().Line = number()
	case "innercol":
		inner().Col = number()
	case "correlated":
		v.Error.LineCorrelated = number()
	case "value":
		v.Error.Value = &value
	case "crash":
		v.Error.Crash = true
	case "limit", "broken":
		v.undecided = true
	}
}
