//go:build long

package fennel_test

const long = true
