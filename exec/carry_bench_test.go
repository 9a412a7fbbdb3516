//go:build unix

package exec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCarry takes the processor time, which other work on the machine
// disturbs less than time, of what carrying files costs a job in a workspace of
// 10,000 files: remembering them before it runs, and finding out that it changed
// nothing; and of leaving 1,000 files of 10 KiB and bringing them elsewhere.
func BenchmarkCarry(b *testing.B) {
	dir := b.TempDir()
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 10_000 {
		write(filepath.Join(dir, fmt.Sprintf("dir%02d/dir%d/file%02d", i/200, i/20%10, i%20)), fmt.Sprint(i))
	}
	time.Sleep(2 * clockTick) // a checkout of this size takes longer
	left := filepath.Join(b.TempDir(), "left")
	c := carrier{work: &workspace{dir: dir}, values: &redactions{}, most: DefaultCarry}
	run := func(name string, op func() error) {
		b.Run(name, func(b *testing.B) {
			before := busy(b)
			for range b.N {
				if err := op(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(busy(b)-before)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
	run("remember", c.remember)
	run("nothing left", func() error { return c.leave(context.Background(), left) })
	for i := range 1000 {
		write(filepath.Join(dir, fmt.Sprintf("out/%d", i)), strings.Repeat("of a file that a job made\n", 400))
	}
	run("1000 files left", func() error { return c.leave(context.Background(), left) })
	there := carrier{work: &workspace{dir: b.TempDir()}, values: &redactions{}, most: DefaultCarry}
	run("1000 files arrive", func() error { return there.arrive(context.Background(), left) })
}

// busy returns how long this process kept processors busy.
func busy(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
