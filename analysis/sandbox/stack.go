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
	functionField     = fieldOf(frameType, "Fn")
	protoField        = fieldOf(reflect.TypeFor[lua.LFunction](), "Proto")
	chunkField        = fieldOf(reflect.TypeFor[lua.FunctionProto](), "SourceName")
	linesField        = fieldOf(reflect.TypeFor[lua.FunctionProto](), "DbgSourcePositions")
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
	fields   reflect.Value
}

// levels iterates over the levels of a thread's frames, innermost first.
func levels(L *lua.LState) iter.Seq2[int, level] {
	return func(yield func(int, level) bool) {
		number := 0
		frame := currentFrame(L)
		for i := 0; !frame.IsNil(); i++ {
			fields := frame.Elem()
			lost := int(fields.FieldByIndex(tailCallsField).Int())
			if !yield(i, level{number, lost > 0, fields}) {
				return
			}
			number += 1 + lost
			frame = fields.FieldByIndex(parentField)
		}
	}
}

// place returns where the Lua function of a frame is; ok is false for a Go
// function. It makes no garbage, unlike GetStack.
func (l level) place() (frame Frame, ok bool) {
	fn := l.fields.FieldByIndex(functionField)
	if fn.IsNil() {
		return Frame{}, false
	}
	proto := fn.Elem().FieldByIndex(protoField)
	if proto.IsNil() {
		return Frame{}, false
	}
	frame.Chunk = proto.Elem().FieldByIndex(chunkField).String()
	lines := proto.Elem().FieldByIndex(linesField)
	if pc := int(l.fields.FieldByIndex(pcField).Int()); pc > 0 && pc <= lines.Len() {
		frame.Line = int(lines.Index(pc - 1).Int())
	}
	return frame, frame.Chunk != ""
}

// frames returns the fiber's own frames, without the middle of a deep stack.
func (f *fiber) frames() []Frame {
	depth := stackDepth(f.L)
	frames := make([]Frame, 0, min(depth, maxFrames))
	for i, at := range levels(f.L) {
		if i < maxFrames/2 || i >= depth-maxFrames/2 {
			frames = append(frames, f.frameAt(at.number, true))
		}
	}
	return frames
}

// places returns those of the fiber's own frames that are of Lua functions, with
// nothing but their places.
func (f *fiber) places() (frames []Frame) {
	depth := stackDepth(f.L)
	for i, at := range levels(f.L) {
		if i < maxFrames/2 || i >= depth-maxFrames/2 {
			if frame, ok := at.place(); ok {
				frames = append(frames, frame)
			}
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
func (s *State) Frames(L *lua.LState) []Frame { return fiberOf(L).stack((*fiber).frames) }

// Positions is Frames of the Lua functions alone, with their chunks and lines and
// nothing else, which takes longer to find.
func (s *State) Positions(L *lua.LState) []Frame { return fiberOf(L).stack((*fiber).places) }

func (f *fiber) stack(frames func(*fiber) []Frame) []Frame {
	all := frames(f)
	for f.parent != nil && f.co == f.parent.co {
		f = f.parent
		if outer := frames(f); len(outer) > 0 {
			all = joinFrames(all, outer)
		}
	}
	return all
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
