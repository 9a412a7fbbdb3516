//go:build !linux

package main

// useLargePages does nothing where there is nothing to ask for.
func useLargePages(int) {}
