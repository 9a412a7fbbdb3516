//go:build !long

package rundir_test

const long = false
