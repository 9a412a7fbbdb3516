package exec

// become cannot replace a process here: Windows has no such call.
func become(_ string, argv []string, _ environ, dir string) error {
	return &UsageError{argv[0] + " cannot be started from here on Windows: start it in " + dir}
}
