package fennel

import (
	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
)

// ErrorText is how fennel.eval words errors of compiling for these options.
func ErrorText(list diag.List, name string, options *lua.LTable) string {
	return errorText(list, name, errorStyleOf(options))
}
