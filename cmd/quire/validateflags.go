package main

import (
	"fmt"
	"strings"

	"quire/analysis/dsl"
)

// denyWarnings is the value of --deny.
const denyWarnings = "warnings"

// A denyFlag says what fails beside errors.
type denyFlag bool

func (f *denyFlag) Type() string { return "what" }

func (f *denyFlag) String() string {
	if *f {
		return denyWarnings
	}
	return ""
}

func (f *denyFlag) Set(value string) error {
	if value != denyWarnings {
		return fmt.Errorf("expected %s", denyWarnings)
	}
	*f = true
	return nil
}

// A serverFlag names the server that a pipeline should run on too.
type serverFlag struct{ state dsl.State }

func (f *serverFlag) Type() string { return "server" }

func (f *serverFlag) String() string { return f.state.String() }

func (f *serverFlag) Set(value string) error {
	state, ok := dsl.ParseServer(value)
	if !ok {
		return fmt.Errorf("expected %s", strings.Join(f.names(), ", "))
	}
	f.state = state
	return nil
}

// names are the values that the flag takes.
func (f *serverFlag) names() []string {
	var names []string
	for _, s := range dsl.Servers() {
		names = append(names, s.String())
	}
	return names
}
