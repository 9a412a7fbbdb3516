//go:build race

package sandbox_test

// raced reports that the race detector looks on, which takes several times as long.
const raced = true
