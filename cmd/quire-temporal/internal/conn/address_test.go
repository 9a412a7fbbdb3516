package conn_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quire/cmd/quire-temporal/internal/conn"
)

func TestParseAddress(t *testing.T) {
	const lost = conn.DefaultLost
	tests := []struct {
		text string
		want conn.Address
		err  string
	}{
		{text: "temporal://example.org:7233/ci?queue=words&lost=1m", want: conn.Address{Server: "example.org:7233", Namespace: "ci", Queue: "words", Lost: time.Minute}},
		{text: "temporal://example.org", want: conn.Address{Server: "example.org:7233", Queue: "quire", Lost: lost}},
		{text: "temporal://[::1]:80/", want: conn.Address{Server: "[::1]:80", Queue: "quire", Lost: lost}},
		{text: "temporal://[::1]", want: conn.Address{Server: "[::1]:7233", Queue: "quire", Lost: lost}},
		{text: "temporal:///ci", want: conn.Address{Namespace: "ci", Queue: "quire", Lost: lost}},
		{text: "temporal:", err: "expected temporal://HOST:PORT"},
		{text: "localhost:7233", err: "expected temporal://HOST:PORT"},
		{text: "http://localhost", err: "expected temporal://HOST:PORT"},
		{text: "temporal://ada:secret@localhost", err: "expected temporal://HOST:PORT"},
		{text: "temporal://localhost/a/b", err: `"a/b" is no namespace`},
		{text: "temporal://localhost?queues=a", err: `has no "queues": expected queue or lost`},
		{text: "temporal://localhost?queue=", err: "is no name of a queue"},
		{text: "temporal://localhost?queue=a/b", err: "is no name of a queue"},
		{text: "temporal://localhost?lost=10", err: "expected a time of 2s or more"},
		{text: "temporal://localhost?lost=1s", err: "expected a time of 2s or more"},
	}
	for _, tt := range tests {
		got, err := conn.ParseAddress(tt.text)
		switch {
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: the error is %v, want one with %q", tt.text, err, tt.err)
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%s is %+v (%v), want %+v", tt.text, got, err, tt.want)
		}
	}
}

// TestQueues checks that a worker asks the queues of just the jobs that it can
// run.
func TestQueues(t *testing.T) {
	asks := conn.QueuesFor("q", []string{"linux", "gpu", "linux"})
	for _, tt := range []struct {
		labels []string
		want   bool
	}{
		{nil, true},
		{[]string{"gpu"}, true},
		{[]string{"linux", "gpu"}, true},
		{[]string{"gpu", "linux", "gpu"}, true},
		{[]string{"gpu", "arm"}, false},
		{[]string{"gpu,linux"}, false},
	} {
		if got := slices.Contains(asks, conn.QueueFor("q", tt.labels)); got != tt.want {
			t.Errorf("a worker with linux and gpu takes jobs with %q: %v, want %v", tt.labels, got, tt.want)
		}
	}
	if asks[0] != "q" || len(asks) != 4 {
		t.Errorf("it asks %q", asks)
	}
}
