package rundir_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMountedSlot leaves a directory mounted in a slot, as a job that was
// killed may.
func TestMountedSlot(t *testing.T) {
	s := open(t)
	sl := slot(t, s)
	occupy(t, sl, "used")
	outside, point := t.TempDir(), filepath.Join(sl.Dir(), "mounted here")
	if err := os.WriteFile(filepath.Join(outside, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(point, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(outside, point, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("nothing can be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(point, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	release(t, sl)
	if again := slot(t, s); again.Number() == sl.Number() {
		t.Error("a slot with something mounted in it was used again")
	}
}
