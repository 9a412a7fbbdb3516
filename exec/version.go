package exec

import (
	"runtime"
	"runtime/debug"
)

// release is the version of a released build, which its linker sets.
var release string

// A Build says which build of the product this is. What is not known is empty.
type Build struct {
	Version string // of the module; "devel" when it is not known
	Commit  string // full name
	Time    string // of the commit, RFC 3339
	Dirty   bool   // the files differed from the commit's
	Go      string // that built it, such as go1.26.0
	OS      string
	Arch    string
}

// ReadBuild returns what this build knows of itself.
func ReadBuild() Build {
	b := Build{Version: release, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.read(info)
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}

func (b *Build) read(info *debug.BuildInfo) {
	if v := info.Main.Version; b.Version == "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
}

// Version returns the version of this build of the product, for people.
func Version() string { return ReadBuild().Version }
