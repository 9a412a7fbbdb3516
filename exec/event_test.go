package exec

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"quire/exec/rundir"
)

// TestFeed has an observer that now and then is slower than the output and now
// and then waits for it, and wants it to see all of it in order.
func TestFeed(t *testing.T) {
	store, err := rundir.Open(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	run, err := store.Create("run", rundir.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	log := run.Log("job", 1)
	streams := []*rundir.Stream{log.Stream(rundir.Stdout), log.Stream(rundir.Stderr)}
	gate := make(chan struct{}, 100) // one for each event that the observer may see
	got, want := map[string]*strings.Builder{}, map[string]*strings.Builder{}
	for _, name := range []string{rundir.Stdout, rundir.Stderr, ""} {
		got[name], want[name] = &strings.Builder{}, &strings.Builder{}
	}
	f := newFeed(func(e Event) {
		<-gate
		got[e.Stream].WriteString(e.Text + e.Message)
	})
	if f.dir, err = os.OpenRoot(run.Dir()); err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1000)
	for round := range 6 {
		for i := range 40 {
			text := strings.Repeat(fmt.Sprintf("%d.%d %s\n", round, i, line), 60)
			s, name := streams[i%2], []string{rundir.Stdout, rundir.Stderr}[i%2]
			c, err := s.Write(time.Now(), []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			want[name].WriteString(text)
			f.output(Event{Type: Output, JobID: "job", Sh: 1, Stream: name}, c, rundir.LogName("job", 1))
		}
		message := fmt.Sprintf("round %d ", round)
		want[""].WriteString(message)
		f.push(item{event: Event{Type: Log, Message: message}})
		for range 30 { // of more than 40
			gate <- struct{}{}
		}
		for len(gate) > 0 {
			runtime.Gosched()
		}
	}
	close(gate)
	f.close(nil)
	for name := range want {
		if got[name].String() != want[name].String() {
			t.Errorf("%q: observed %d bytes, want %d", name, got[name].Len(), want[name].Len())
		}
	}
}
