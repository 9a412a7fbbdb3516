package tour_test

import (
	"os/exec"
	"testing"

	"quire/editors/internal/tour"
)

// What the editors' tests compare with must itself be there: the mistakes are
// many and of different kinds, and the pipeline has the one to fix.
func TestFindings(t *testing.T) {
	bin := tour.Programs(t)
	codes := map[string]bool{}
	for _, f := range tour.New(t, bin, tour.Mistakes).Findings() {
		codes[f.Code] = true
	}
	if len(codes) < 27 {
		t.Errorf("the mistakes show only %d codes: %v", len(codes), codes)
	}
	if found := tour.New(t, bin, tour.Pipeline).Findings(); len(found) != 1 || found[0].Code != "unknown-option" {
		t.Errorf("the pipeline has %v, want one unknown-option", found)
	}
}

func TestGoneSeesWhatIsLeft(t *testing.T) {
	one := tour.New(t, tour.Programs(t), tour.Pipeline)
	left := exec.Command("sleep", one.Mark)
	left.Env = one.Env()
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	if got := one.Left(); len(got) != 1 {
		t.Errorf("a process is left, seen were %q", got)
	}
	_ = left.Process.Kill()
	_ = left.Wait()
	one.Gone()
}
