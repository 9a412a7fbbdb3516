package exectest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A Containers is a container runtime with storage of its own and an image in
// it that holds busybox and git.
type Containers struct {
	Runtime string // path of a program to use as --container-runtime
	Image   string
}

// The storage is shared by all tests of a process: to make it takes longer than
// a test.
var containers = sync.OnceValues(makeContainers)

// NewContainers returns the runtime of this process, or skips the test where
// podman, runc or busybox is missing.
func NewContainers(t testing.TB) Containers {
	t.Helper()
	if testing.Short() {
		t.Skip("starts containers")
	}
	for _, program := range []string{"podman", "runc", "busybox"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs podman, runc and busybox, as .ci/containers installs them: %v", err)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("needs root: the storage of containers is made for it")
	}
	c, err := containers()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RemoveContainers removes the storage. A TestMain calls it after the tests.
func RemoveContainers() {
	if base == "" {
		return
	}
	c := Containers{Runtime: filepath.Join(base, "podman")}
	_, _ = c.Call("rm", "--force", "--all")
	_ = os.RemoveAll(base)
}

var base string // of the storage, once it is made

// podman is a podman that needs neither an init system nor a registry.
// Processes may have low limits, as CI machines give them, which it does not
// take into account.
const podman = `#!/bin/sh
command=$1
shift
case $command in
run) set -- --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 "$@" ;;
build) set -- --isolation chroot "$@" ;;
esac
exec podman --root %[1]s/root --runroot %[1]s/run --tmpdir %[1]s/tmp --storage-driver vfs \
	--cgroup-manager cgroupfs --runtime runc --events-backend none $command "$@"
`

func makeContainers() (Containers, error) {
	dir, err := os.MkdirTemp("", "quire-containers-")
	if err != nil {
		return Containers{}, err
	}
	base = dir
	c := Containers{Runtime: filepath.Join(dir, "podman"), Image: "localhost/quire-test:1"}
	if err := os.WriteFile(c.Runtime, fmt.Appendf(nil, podman, dir), 0o700); err != nil {
		return c, err
	}
	root := filepath.Join(dir, "rootfs")
	script := `set -e
for dir in bin tmp etc proc dev sys run; do mkdir -p "$1/$dir"; done
chmod 1777 "$1/tmp"
busybox=$(command -v busybox) git=$(command -v git)
for file in "$busybox" "$git" $(ldd "$busybox" "$git" | grep -o '/[^ :]*'); do
	test -e "$1$file" || { mkdir -p "$1$(dirname "$file")"; cp -L "$file" "$1$file"; }
done
for name in $("$busybox" --list); do ln -s "$busybox" "$1/bin/$name" 2>/dev/null || true; done
tar -C "$1" -c . | "$2" import - "$3"
`
	if out, err := exec.Command("sh", "-c", script, "sh", root, c.Runtime, c.Image).CombinedOutput(); err != nil {
		return c, fmt.Errorf("the image cannot be made: %w\n%s", err, out)
	}
	return c, os.RemoveAll(root)
}

// Call calls the runtime and returns what it wrote.
func (c Containers) Call(args ...string) (string, error) {
	cmd := exec.Command(c.Runtime, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), err
}

// Left returns the containers of a run.
func (c Containers) Left(t testing.TB, run string) string {
	t.Helper()
	ids, err := c.Call("ps", "--all", "--quiet", "--filter", "label=quire.run="+run)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
