package sandbox

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// interval is how many instructions pass between two looks at the heap.
const interval = 1000

// A meter is a budget and what was used of it. Instructions are counted down
// in fuel, an interval at a time, so that counting one costs a subtraction.
// What ends a call from outside, its context or its time, rings an alarm, which
// every instruction looks at: a single instruction can take long.
type meter struct {
	limits  Limits
	fuel    int64 // instructions left in the interval
	granted int64 // instructions handed out in intervals, the present one included
	used    usage

	ctx      context.Context
	deadline time.Time // zero without a limit of time
	baseline uint64    // bytes of live heap when the call began
	alarm    atomic.Bool
	calls    int    // calls under way, one within another
	over     *Limit // the limit that ended the outermost call

	// caught is the error that a protected call returned last. A program that
	// raises it again raises it with the place it has.
	caught located
}

// A usage is what was used of a budget beside instructions.
type usage struct {
	strings int64         // bytes created
	printed int64         // bytes
	time    time.Duration // wall time of earlier calls
}

// A located is the text of an error and how many bytes of it are its place.
type located struct {
	text   string
	prefix int
}

func newMeter(l Limits) *meter {
	return &meter{limits: l, ctx: context.Background()}
}

func (m *meter) refill(l Limits) {
	m.limits = l
	m.fuel, m.granted, m.used = 0, 0, usage{}
}

// enter begins a call. What it returns ends the call and puts back what was
// there before.
func (m *meter) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	outer := m.ctx
	m.ctx = ctx
	m.calls++
	quiet := context.AfterFunc(ctx, func() { m.alarm.Store(true) })
	stop := func() {}
	if m.calls == 1 {
		m.alarm.Store(false)
		m.over = nil
		stop = m.startClock()
	}
	return func() {
		quiet()
		stop()
		m.calls--
		m.ctx = outer
		// The alarm may have rung for the inner context only; the next
		// instruction of the outer call finds out.
		m.alarm.Store(m.calls > 0)
	}, nil
}

// startClock takes the measures that are relative to the start of a call.
func (m *meter) startClock() (stop func()) {
	if m.limits.Heap > 0 {
		m.baseline = liveBytes()
	}
	start := time.Now()
	m.deadline = time.Time{}
	if m.limits.Time == 0 {
		return func() { m.used.time += time.Since(start) }
	}
	left := time.Duration(m.limits.Time) - m.used.time
	m.deadline = start.Add(left)
	timer := time.AfterFunc(left, func() { m.alarm.Store(true) })
	return func() {
		timer.Stop()
		m.used.time += time.Since(start)
	}
}

// step takes n instructions.
func (m *meter) step(n int) {
	m.fuel -= int64(n)
	if m.fuel < 0 || m.alarm.Load() {
		m.check()
	}
}

// charge takes n bytes of strings. It comes before they are allocated.
func (m *meter) charge(n int) {
	m.used.strings += int64(n)
	if l := m.limits.Strings; l > 0 && m.used.strings > l {
		m.end("strings", l)
	}
}

// chargePrint takes n bytes of printed text.
func (m *meter) chargePrint(n int) {
	m.used.printed += int64(n)
	if l := m.limits.Print; l > 0 && m.used.printed > l {
		m.end("print", l)
	}
}

// end ends the call at a limit.
func (m *meter) end(name string, value int64) {
	panic(&halt{limit: m.exhaust(name, value)})
}

// depth returns how many calls deep a stack may be.
func (m *meter) depth() int {
	if d := m.limits.Depth; d > 0 && d < maxDepth {
		return d
	}
	return maxDepth
}

func (m *meter) endDepth() { m.end("depth", int64(m.depth())) }

// exhaust sees to it that no instruction runs any more before the outermost
// call has ended, even when a Go function swallows the halt.
func (m *meter) exhaust(name string, value int64) *Limit {
	m.over = &Limit{Name: name, Value: value}
	m.alarm.Store(true)
	return m.over
}

// check ends the call when something is used up, and else grants the next
// interval.
func (m *meter) check() {
	if m.over != nil {
		m.exhaust(m.over.Name, m.over.Value)
		panic(&halt{limit: m.over})
	}
	if m.fuel < 0 {
		m.grant()
	}
	if m.alarm.Load() {
		m.answerAlarm()
	}
	if l := m.limits.Heap; l > 0 && m.heapGrowth() > l {
		// The figure counts garbage, also that of others. Where collecting it
		// frees little, it would have to be done again and again.
		runtime.GC()
		if m.heapGrowth() > l-l/8 {
			m.end("heap", l)
		}
	}
}

// grant pays what was used beyond the interval and hands out the next one.
func (m *meter) grant() {
	used := m.granted - m.fuel
	next := int64(interval)
	if l := m.limits.Instructions; l > 0 {
		if used > l {
			m.end("instructions", l)
		}
		next = min(next, l-used)
	}
	m.granted = used + next
	m.fuel = next
}

// answerAlarm looks at what may have rung. It silences the alarm first, so that
// whatever rings from then on is heard.
func (m *meter) answerAlarm() {
	m.alarm.Store(false)
	if err := m.ctx.Err(); err != nil {
		m.alarm.Store(true)
		panic(&halt{err: err})
	}
	if l := m.limits.Time; l > 0 && !time.Now().Before(m.deadline) {
		m.end("time", l)
	}
}

func (m *meter) heapGrowth() int64 {
	return int64(readMetric("/memory/classes/heap/objects:bytes")) - int64(m.baseline)
}

// liveBytes returns the bytes of the objects on the process's heap that the
// last collection kept.
func liveBytes() uint64 { return readMetric("/gc/heap/live:bytes") }

func readMetric(name string) uint64 {
	sample := [1]metrics.Sample{{Name: name}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}
