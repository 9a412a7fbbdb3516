package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"quire/analysis/pipeline"
)

// graphOf makes a graph of jobs written as "id needs…"; a ! before the id says
// that the job is broken.
func graphOf(specs ...string) *pipeline.Graph {
	g := &pipeline.Graph{}
	for _, spec := range specs {
		words := strings.Fields(spec)
		id, broken := strings.CutPrefix(words[0], "!")
		j := &pipeline.Job{ID: id, Broken: broken}
		for _, w := range words[1:] {
			j.Inputs = append(j.Inputs, pipeline.Input{Name: w})
		}
		g.Jobs = append(g.Jobs, j)
	}
	return g
}

func ids(jobs []*pipeline.Job) string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.ID)
	}
	return strings.Join(out, " ")
}

func TestOrder(t *testing.T) {
	tests := []struct {
		jobs []string
		want string
	}{
		{nil, ""},
		{[]string{"a push", "b push", "c push"}, "a b c"},
		{[]string{"a push", "c a", "b push"}, "a c b"},
		{[]string{"b a", "a push"}, "a b"},
		{[]string{"a push", "b a", "c a", "d b c"}, "a b c d"},
		{[]string{"setup push", "lint setup", "test setup", "deploy test"}, "setup lint test deploy"},
		{[]string{"d c", "c b", "b a", "a push", "x push"}, "a b c d x"},
		{[]string{"a push", "b a a a"}, "a b"},
		{[]string{"a push b", "b a", "c push", "d b"}, "c"},
		{[]string{"a a", "b push"}, "b"},
		{[]string{"!a", "b a", "c push"}, "b c"},
		{[]string{"!a x", "a push", "b a"}, "a b"},
	}
	for _, tt := range tests {
		if got := ids(graphOf(tt.jobs...).Order()); got != tt.want {
			t.Errorf("order of %q is %q, want %q", tt.jobs, got, tt.want)
		}
	}
}

func TestNeedsAndDependents(t *testing.T) {
	g := graphOf("setup push", "build setup push", "test build", "lint push", "loop loop push")
	tests := []struct{ id, needs, dependents string }{
		{"setup", "[]", "[build test]"},
		{"build", "[setup]", "[test]"},
		{"test", "[setup build]", "[]"},
		{"lint", "[]", "[]"},
		{"loop", "[loop]", "[loop]"},
		{"nobody", "[]", "[]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(g.Needs(tt.id)); got != tt.needs {
			t.Errorf("%s needs %s, want %s", tt.id, got, tt.needs)
		}
		if got := fmt.Sprint(g.Dependents(tt.id)); got != tt.dependents {
			t.Errorf("dependents of %s are %s, want %s", tt.id, got, tt.dependents)
		}
	}
}

func TestEmptyID(t *testing.T) {
	g := graphOf("a push")
	g.Jobs = append(g.Jobs, &pipeline.Job{Inputs: []pipeline.Input{{Name: "a"}}})
	if got := ids(g.Order()); got != "a " {
		t.Errorf("order is %q", got)
	}
	if got := len(g.Needs("")); got != 1 {
		t.Errorf("the empty id needs %d jobs, want 1", got)
	}
}

func TestJob(t *testing.T) {
	g := graphOf("!a", "!b x", "b push")
	if _, ok := g.Job("a"); ok {
		t.Error("a broken job is said to run")
	}
	if j, ok := g.Job("b"); !ok || j != g.Jobs[2] {
		t.Error("the job that is not broken is not found")
	}
	if _, ok := g.Job("c"); ok {
		t.Error("a job that does not exist is found")
	}
}

func TestReadable(t *testing.T) {
	g := graphOf("setup quire/push", "build setup", "test build typo", "lint quire/push")
	const not = "Job '%s' cannot read outputs from '%s' — not in transitive inputs"
	tests := []struct{ job, name, want string }{
		{"test", "build", ""},
		{"test", "setup", ""},
		{"test", "quire/push", ""},
		{"test", "typo", ""},
		{"build", "quire/push", ""},
		{"test", "test", "Job 'test' cannot read its own outputs"},
		{"test", "lint", fmt.Sprintf(not, "test", "lint")},
		{"setup", "build", fmt.Sprintf(not, "setup", "build")},
		{"build", "typo", fmt.Sprintf(not, "build", "typo")},
		{"build", "quire/other", fmt.Sprintf(not, "build", "quire/other")},
	}
	for _, tt := range tests {
		got := ""
		if err := g.Readable(tt.job, tt.name); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s reading %s: %q, want %q", tt.job, tt.name, got, tt.want)
		}
	}
}
