// Package pipeline evaluates a ci.fnl in a sandbox to a graph of jobs and
// calls the run-fns of those jobs through a [Host].
package pipeline

import (
	"time"

	"quire/analysis/fennel"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// Path is where a repository keeps its pipeline.
const Path = ".quire/ci.fnl"

// Limits bound what loading a file and running a job may use.
type Limits struct {
	Load    sandbox.Limits // for evaluating a file, and for its macros
	Run     sandbox.Limits // for each run-fn
	Jobs    int
	Modules int
	File    int // bytes of one file
	Forms   int // of one file, as [fennel.Options] counts them
}

// DefaultLimits returns the limits that the product promises.
//
// Those of loading are small, because an editor loads a file whenever it
// changes. Those of a run-fn only end what would never end or fill the machine:
// there is no limit of wall time, which commands use up, and instructions allow
// for some ten seconds of computing. The heap may grow no more than while loading,
// because run-fns share the process of the language server; what commands write
// is read into it as far as a run-fn asks for, up to 64 MiB at a time.
func DefaultLimits() Limits {
	return Limits{
		Load: sandbox.Limits{
			Instructions: 20_000_000,
			Strings:      64 << 20,
			Depth:        10_000,
			Print:        1 << 20,
			Time:         (2 * time.Second).Nanoseconds(),
			Heap:         256 << 20,
		},
		Run: sandbox.Limits{
			Instructions: 1_000_000_000,
			Strings:      4 << 30,
			Depth:        10_000,
			Print:        64 << 20,
			Heap:         256 << 20,
		},
		Jobs:    5_000,
		Modules: 200,
		File:    4 << 20,
		Forms:   200_000,
	}
}

// A Pipeline is a loaded ci.fnl: its graph, and the state its run-fns live in.
type Pipeline struct {
	Graph *Graph
	// Image is what (ci.image …) declared, or empty.
	Image string
	// Files are the files that were read to load it, ci.fnl first.
	Files []*source.File
	// Modules are the modules of the repository that were required.
	Modules []*fennel.Module
	// Complete reports that every form was evaluated to its end.
	Complete bool
	// Printed is what the file printed while it was loaded, by line.
	Printed []string

	vm *vm
}

// Close releases the state. No run may be under way.
func (p *Pipeline) Close() { p.vm.close() }
