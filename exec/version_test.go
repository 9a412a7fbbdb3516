package exec

import (
	"runtime/debug"
	"testing"
)

func TestBuild(t *testing.T) {
	const commit = "2e8b27435d7cac3117b3355927be0054d2565ba3"
	settings := []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"}}
	for _, tt := range []struct {
		released, module, want string
	}{
		{"v1.2.0-3-g2e8b27435d7c", "v1.2.1-0.20260102030405-2e8b27435d7c", "v1.2.0-3-g2e8b27435d7c"},
		{"", "v1.2.0", "v1.2.0"},
		{"", "(devel)", ""},
	} {
		b := Build{Version: tt.released}
		b.read(&debug.BuildInfo{Main: debug.Module{Version: tt.module}, Settings: settings})
		if want := (Build{Version: tt.want, Commit: commit, Time: "2026-01-02T03:04:05Z", Dirty: true}); b != want {
			t.Errorf("released as %q, module %q: got %+v, want %+v", tt.released, tt.module, b, want)
		}
	}
	if b := ReadBuild(); b.Version == "" || b.Go == "" || b.OS == "" || b.Arch == "" {
		t.Errorf("this build does not know itself: %+v", b)
	}
}
