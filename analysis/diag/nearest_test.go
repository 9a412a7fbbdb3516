package diag_test

import (
	"slices"
	"strings"
	"testing"

	"quire/analysis/diag"
)

func TestNearest(t *testing.T) {
	options := []string{"env", "cwd", "timeout"}
	primitives := []string{"sh", "secret", "jobs", "read-file", "read-json", "write-file", "log", "env"}
	tests := []struct {
		name       string
		candidates []string
		want       string // empty: none
	}{
		{"enb", options, "env"},
		{"cwdir", options, "cwd"},
		{"time", options, "timeout"},
		{"timeuot", options, "timeout"},
		{"tiemout", options, "timeout"},
		{"Timeout", options, "timeout"},
		{"TIMEOTU", options, "timeout"},
		{"shell", options, ""},
		{"readfile", primitives, "read-file"},
		{"read_file", primitives, "read-file"},
		{"sercet", primitives, "secret"},
		{"job", primitives, "jobs"},
		{"hs", primitives, "sh"},
		{"s", primitives, "sh"},
		{"lag", primitives, "log"},
		{"x", []string{"y"}, ""},
		{"xy", []string{"ab"}, ""},
		{"env", primitives, ""},
		{"env", []string{"env", "envs"}, "envs"},
		{"bat", []string{"cat", "bad", "ban"}, "bad"},
		{"größe", []string{"grösse", "größer"}, "größer"},
		{"", options, ""},
		{"env", []string{"", "\xff"}, ""},
		{strings.Repeat("x", 65), []string{strings.Repeat("x", 64)}, ""},
		{strings.Repeat("x", 63), []string{strings.Repeat("x", 1_000_000)}, ""},
	}
	for _, test := range tests {
		for range 2 {
			got, ok := diag.Nearest(test.name, slices.Values(test.candidates))
			if got != test.want || ok != (test.want != "") {
				t.Errorf("Nearest(%.70q, %.70q) = %q, %v, want %q", test.name, test.candidates, got, ok, test.want)
			}
			slices.Reverse(test.candidates)
		}
	}
}
