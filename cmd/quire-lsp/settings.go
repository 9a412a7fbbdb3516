package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quire/analysis/dsl"
	"quire/exec"
)

// settings are what a user can set in an editor. settings.schema.json describes
// them to people and to the packages of editors; a test compares the two.
//
// They may come from files of the workspace, which must not choose what is executed
// before it is trusted. So none names a program, but for run.on, which names one of
// quire's and is read for runs only.
type settings struct {
	// Trusted lets jobs run without asking whether the workspace is trusted. Only
	// the initialization options can say so; see [configuration].
	Trusted bool `json:"trusted"`
	// CodeLens shows what runs a job above it.
	CodeLens   bool        `json:"codeLens"`
	InlayHints inlayHints  `json:"inlayHints"`
	Server     serverName  `json:"server"`
	Run        runDefaults `json:"run"`
}

// inlayHints switches each kind of inlay hint.
type inlayHints struct {
	// Order is the place of a job in the order of the run, and its level.
	Order bool `json:"order"`
	// Dependents is how many jobs need a job.
	Dependents bool `json:"dependents"`
	// LastDuration is how long a job took when it last ran.
	LastDuration bool `json:"lastDuration"`
	// ParameterNames are those of the parameters, before arguments.
	ParameterNames bool `json:"parameterNames"`
}

// runDefaults are the options of a run for which a command says nothing; see
// [runOptions].
type runDefaults struct {
	Parallel  jobCount `json:"parallel"`
	KeepGoing bool     `json:"keepGoing"`
	Timeout   timeText `json:"timeout"`
	Reuse     bool     `json:"reuse"`
	Container bool     `json:"container"`
	Sandbox   bool     `json:"sandbox"`
	Net       bool     `json:"net"`
	// On is where the jobs run, when that is not this machine.
	On engineURL `json:"on"`
}

func defaultSettings() settings {
	return settings{
		CodeLens:   true,
		InlayHints: inlayHints{Order: true, Dependents: true, LastDuration: true, ParameterNames: true},
		Run:        runDefaults{Parallel: 1},
	}
}

// options returns the options of a run for which a command says nothing. What
// the command says is decoded over them.
func (d runDefaults) options() runOptions {
	o := runOptions{Parallel: int(d.Parallel), KeepGoing: d.KeepGoing, Timeout: string(d.Timeout), Reuse: d.Reuse,
		Container: d.Container, Sandbox: d.Sandbox, Net: d.Net, On: string(d.On)}
	if d.On != "" {
		o.Reuse = false // there is nothing there to keep
		if d.Parallel == defaultSettings().Run.Parallel {
			o.Parallel = 0 // as many as the machines take
		}
	}
	return o
}

// engineURL is where jobs run on other machines, or nothing.
type engineURL string

func (engineURL) expected() string { return "a URL such as \"temporal://HOST:PORT/NAMESPACE\"" }

func (u *engineURL) UnmarshalJSON(text []byte) error {
	var value string
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	if err := exec.CheckOn(value); err != nil {
		return err
	}
	*u = engineURL(value)
	return nil
}

// serverName is the server that pipelines are checked for too, such as S2, or
// nothing.
type serverName string

// state returns the server; zero: the settings name none.
func (n serverName) state() dsl.State {
	state, _ := dsl.ParseServer(string(n))
	return state
}

func (serverName) expected() string {
	var names []string
	for _, s := range dsl.Servers() {
		names = append(names, `"`+s.String()+`"`)
	}
	return `one of "", ` + strings.Join(names, ", ")
}

func (n *serverName) UnmarshalJSON(text []byte) error {
	var name string
	if err := json.Unmarshal(text, &name); err != nil {
		return err
	}
	if _, ok := dsl.ParseServer(name); !ok && name != "" {
		return fmt.Errorf("no server %q", name)
	}
	*n = serverName(name)
	return nil
}

// jobCount is how many jobs run at once, from 1.
type jobCount int

func (jobCount) expected() string { return "a whole number from 1" }

func (n *jobCount) UnmarshalJSON(text []byte) error {
	var count int
	if err := json.Unmarshal(text, &count); err != nil {
		return err
	}
	if count < 1 {
		return fmt.Errorf("%d is less than 1", count)
	}
	*n = jobCount(count)
	return nil
}

// timeText is a time such as 90s or 10m, or nothing.
type timeText string

func (timeText) expected() string { return `a time such as "90s" or "10m"` }

func (t *timeText) UnmarshalJSON(text []byte) error {
	var value string
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	if value != "" {
		if d, err := time.ParseDuration(value); err != nil || d < 0 {
			return fmt.Errorf("%q is no time", value)
		}
	}
	*t = timeText(value)
	return nil
}
