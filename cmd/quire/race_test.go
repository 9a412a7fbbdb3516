//go:build race

package main

// memoryFactor is how much more memory the race detector takes.
const memoryFactor = 4

// raced reports that the race detector looks on, which takes several times as long.
const raced = true
