//go:build !long

package analysis_test

const long = false
