package fennel

import (
	"strconv"
	"strings"
)

// The generated code knows a local by the name that the program gave it, NUL,
// a mark, and a number that no other name of the unit has, so that no local
// there ever hides another. No name in a program holds a NUL. What stands
// before it is what messages may show.
const (
	nameEnd   = '\x00'
	localMark = ""  // a local of one unit
	tempMark  = "=" // a temporary that a binding of several values assigns to
	cellMark  = "!" // a local that units share; without a number, another unit's
)

// naming counts the names that were made up.
type naming struct{ names, gensyms int }

// A markedName is a name for a local of the generated code, in parts. The units
// of a session have many in common.
type markedName struct {
	base, mark string
	number     int
}

// fresh returns a new name for a local of the generated code.
func (c *compiler) fresh(base string) string { return c.marked(base, localMark) }

// temporary returns a new name for a local that the program does not have.
func (c *compiler) temporary() string { return c.fresh(temporaryName) }

// temporaryName stands where a local has the name that the program gave it. No
// message shows it: nothing that a program writes holds a parenthesis.
const temporaryName = "(temporary)"

// marked returns a new name with a mark.
func (c *compiler) marked(base, mark string) string {
	c.names++
	name := markedName{base, mark, c.names}
	text, ok := c.marks[name]
	if ok {
		return text
	}
	text = base + string(nameEnd) + mark + strconv.Itoa(c.names)
	if c.marks == nil {
		c.marks = map[markedName]string{}
	}
	if c.names <= maxShared {
		c.marks[name] = text
	}
	return text
}

// maxShared is how many names of a unit are kept for others. Only big ones have
// more, and nothing to share.
const maxShared = 200

// cellName returns the name for a local of another unit.
func cellName(name string) string { return name + string(nameEnd) + cellMark }

// outsideName returns the local of another unit that a name stands for.
func outsideName(lua string) (string, bool) {
	return strings.CutSuffix(lua, string(nameEnd)+cellMark)
}

func hasMark(lua, mark string) bool {
	i := strings.IndexByte(lua, nameEnd)
	return i >= 0 && strings.HasPrefix(lua[i+1:], mark)
}

// isShared reports whether a free name of the generated code is a cell: a
// local of another unit, or an operation of the runtime.
func isShared(lua string) bool { return lua[0] == nameEnd || hasMark(lua, cellMark) }
