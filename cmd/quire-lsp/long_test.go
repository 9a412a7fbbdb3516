//go:build long

package main

// long adds to the model-based test.
const long = true
