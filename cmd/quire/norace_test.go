//go:build !race

package main

const memoryFactor = 1

const raced = false
