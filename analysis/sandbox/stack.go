package sandbox

import (
	"iter"
	"reflect"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxFrames is how many frames an error keeps, half of them innermost.
const maxFrames = 200

// gopher-lua numbers the levels of its stack so that each tail call takes up
// one, and has nothing to tell the levels of frames from the others, nor how
// many there are: a loop of a million tail calls would have to be tried level
// by level. These fields of its frames have the answer.
var (
	currentFrameField = fieldOf(reflect.TypeFor[lua.LState](), "currentFrame")
	frameType         = reflect.TypeFor[lua.LState]().FieldByIndex(currentFrameField).Type.Elem()
	parentField       = fieldOf(frameType, "Parent")
	indexField        = fieldOf(frameType, "Idx")
	tailCallsField    = fieldOf(frameType, "TailCall")
	pcField           = fieldOf(frameType, "Pc")
)

func fieldOf(t reflect.Type, name string) []int {
	field, ok := t.FieldByName(name)
	if !ok {
		panic("gopher-lua has no " + t.Name() + "." + name)
	}
	return field.Index
}

// currentFrame returns a thread's innermost frame, a nil pointer when it has
// none.
func currentFrame(L *lua.LState) reflect.Value {
	return reflect.ValueOf(L).Elem().FieldByIndex(currentFrameField)
}

// stackDepth returns how many frames a thread has.
func stackDepth(L *lua.LState) int {
	frame := currentFrame(L)
	if frame.IsNil() {
		return 0
	}
	return int(frame.Elem().FieldByIndex(indexField).Int()) + 1
}

// programCounter returns where a frame of a thread goes on: the innermost for
// 0, the one that called it for 1.
func programCounter(L *lua.LState, outward int) int {
	frame := currentFrame(L)
	for ; outward > 0 && !frame.IsNil(); outward-- {
		frame = frame.Elem().FieldByIndex(parentField)
	}
	if frame.IsNil() {
		return 0
	}
	return int(frame.Elem().FieldByIndex(pcField).Int())
}

// A level is a frame as gopher-lua's GetStack counts.
type level struct {
	number   int
	tailCall bool // its caller is lost
}

// levels iterates over the levels of a thread's frames, innermost first.
func levels(L *lua.LState) iter.Seq2[int, level] {
	return func(yield func(int, level) bool) {
		number := 0
		frame := currentFrame(L)
		for i := 0; !frame.IsNil(); i++ {
			fields := frame.Elem()
			lost := int(fields.FieldByIndex(tailCallsField).Int())
			if !yield(i, level{number: number, tailCall: lost > 0}) {
				return
			}
			number += 1 + lost
			frame = fields.FieldByIndex(parentField)
		}
	}
}

// frames returns the fiber's own frames, without the middle of a deep stack
// and, unless they are to be named, without the names of their functions.
func (f *fiber) frames(named bool) []Frame {
	depth := stackDepth(f.L)
	frames := make([]Frame, 0, min(depth, maxFrames))
	for i, at := range levels(f.L) {
		if i < maxFrames/2 || i >= depth-maxFrames/2 {
			frames = append(frames, f.frameAt(at.number, named))
		}
	}
	return frames
}

func (f *fiber) frameAt(number int, named bool) Frame {
	dbg, ok := f.L.GetStack(number)
	if !ok {
		return Frame{}
	}
	what := "Slf"
	if named {
		what = "Slnf"
	}
	fn, err := f.L.GetInfo(what, dbg, lua.LNil)
	if err != nil {
		return Frame{}
	}
	frame := Frame{Chunk: dbg.Source, Line: dbg.CurrentLine, Function: dbg.Name}
	if fn, ok := fn.(*lua.LFunction); ok {
		frame.Proto = fn.Proto
	}
	if frame.Chunk == "" {
		frame.Line = 0
	}
	if !isName(frame.Function) {
		frame.Function = ""
	}
	return frame
}

// isName tells the name of a function from what gopher-lua puts where it knows
// none.
func isName(s string) bool {
	return s != "" && s != "?" && s != "main chunk" && s != "corountine" &&
		!strings.HasPrefix(s, "<") && !strings.HasPrefix(s, "(")
}

// joinFrames appends the frames of an outer stack, and drops frames from the
// middle when there are too many.
func joinFrames(inner, outer []Frame) []Frame {
	frames := append(inner[:len(inner):len(inner)], outer...)
	if len(frames) <= maxFrames {
		return frames
	}
	half := maxFrames / 2
	return append(frames[:half:half], frames[len(frames)-half:]...)
}

// Frames returns the call stack of a Go function that a program called with L,
// innermost first and that function itself among them. Unlike L.GetStack it
// goes on through protected calls to the function that made them. A coroutine's
// stack ends where it began.
func (s *State) Frames(L *lua.LState) []Frame { return fiberOf(L).stack(true) }

// Positions is Frames without the names of functions, which take longer to find
// than all else.
func (s *State) Positions(L *lua.LState) []Frame { return fiberOf(L).stack(false) }

func (f *fiber) stack(named bool) []Frame {
	frames := f.frames(named)
	for f.parent != nil && f.co == f.parent.co {
		f = f.parent
		frames = joinFrames(frames, f.frames(named))
	}
	return frames
}

// where returns the place of the function at a level of the call stack as it
// stands before a message, or nothing when that is no Lua function: 0 is the Go
// function that runs, 1 its caller, and so on, through protected calls.
func (f *fiber) where(n int) string {
	for {
		depth := 0
		for i, at := range levels(f.L) {
			if i == n {
				f.meter.step(n / 4)
				return f.position(f.frameAt(at.number, false))
			}
			if at.tailCall {
				n--
				if i == n {
					return ""
				}
			}
			depth++
		}
		n -= depth
		if f.parent == nil || f.parent.co != f.co {
			return ""
		}
		f = f.parent
	}
}

// position returns the place of a frame as it stands before a message.
func (f *fiber) position(frame Frame) string {
	if frame.Chunk == "" {
		return ""
	}
	if p := f.state.options.Position; p != nil {
		if file, line, ok := p(frame.Chunk, frame.Line); ok {
			return file + ":" + strconv.Itoa(line) + ": "
		}
	}
	if frame.Chunk[0] == 0 {
		return ""
	}
	return frame.Chunk + ":" + strconv.Itoa(frame.Line) + ": "
}

// translate replaces the place that gopher-lua put before a message by the one
// that people see, and returns how many bytes that takes. The innermost frames
// are asked which of them it is, since a chunk's name may hold anything.
func (f *fiber) translate(message string) (string, int) {
	const asked = 8
	for i, at := range levels(f.L) {
		if i == asked {
			break
		}
		frame := f.frameAt(at.number, false)
		if frame.Chunk == "" {
			continue
		}
		raw := frame.Chunk + ":" + strconv.Itoa(frame.Line) + ": "
		if rest, ok := strings.CutPrefix(message, raw); ok {
			place := f.position(frame)
			return place + rest, len(place)
		}
	}
	// Without any Lua function there is an empty place.
	return strings.TrimPrefix(message, " "), 0
}
