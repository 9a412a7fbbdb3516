package fennel

// compileMacros compiles (macros {:name function …}).
func compileMacros(c *compiler, f form) exprs {
	c.fail(f.n, "macros cannot be defined here")
	return exprs{}
}

// compileImportMacros compiles (import-macros binding module …).
func compileImportMacros(c *compiler, f form) exprs {
	c.fail(f.n, "macros cannot be imported here")
	return exprs{}
}

// compileRequireMacros compiles (require-macros module).
func compileRequireMacros(c *compiler, f form) exprs {
	c.fail(f.n, "macros cannot be imported here")
	return exprs{}
}

// compileEvalCompiler compiles (eval-compiler …).
func compileEvalCompiler(c *compiler, f form) exprs {
	c.fail(f.n, "code cannot be run at compile time here")
	return exprs{}
}

// compileMacrodebug compiles (macrodebug form return?).
func compileMacrodebug(c *compiler, f form) exprs {
	c.fail(f.n, "expansions cannot be shown here")
	return exprs{}
}

// newMacroEnv returns the world of the macros of one file.
func newMacroEnv(s *session) macroEnv { return noMacros{} }

type noMacros struct{}

func (noMacros) close() {}
