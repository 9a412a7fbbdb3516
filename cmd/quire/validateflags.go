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

// servers are the states of the server that can be named.
var servers = []dsl.State{dsl.S1, dsl.S2, dsl.H}

func (f *serverFlag) Type() string { return "server" }

func (f *serverFlag) String() string { return f.state.String() }

func (f *serverFlag) Set(value string) error {
	for _, s := range servers {
		if strings.EqualFold(value, s.String()) {
			f.state = s
			return nil
		}
	}
	return fmt.Errorf("expected %s", strings.Join(f.names(), ", "))
}

// names are the values that the flag takes.
func (f *serverFlag) names() []string {
	var names []string
	for _, s := range servers {
		names = append(names, s.String())
	}
	return names
}
