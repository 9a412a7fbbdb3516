package sandbox

import (
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Left returns what is left of L's budget, for another state that works on
// behalf of the program on L: what that state then used counts as the
// program's when it is given to [State.Spend]. A limit that is met already is
// left with 1.
func (s *State) Left(L *lua.LState) Limits {
	m := fiberOf(L).meter
	left := func(limit, used int64) int64 {
		if limit <= 0 {
			return 0
		}
		return max(limit-used, 1)
	}
	return Limits{
		Instructions: left(m.limits.Instructions, m.granted-m.fuel),
		Strings:      left(m.limits.Strings, m.used.strings),
		Depth:        m.limits.Depth,
		Print:        left(m.limits.Print, m.used.printed),
		Time:         m.timeLeft(),
		Heap:         m.limits.Heap,
	}
}

// timeLeft returns the nanoseconds of wall time that are left.
func (m *meter) timeLeft() int64 {
	switch {
	case m.limits.Time <= 0:
		return 0
	case m.calls == 0:
		return max(m.limits.Time-int64(m.used.time), 1)
	}
	return max(int64(time.Until(m.deadline)), 1)
}

// Spend takes what another state used from the budget of the call now running
// in L. It raises when that is used up or the call's context has ended.
func (s *State) Spend(L *lua.LState, other *State) {
	m, used := fiberOf(L).meter, fiberOf(other.L).meter
	m.charge(int(used.used.strings))
	m.chargePrint(int(used.used.printed))
	// What ended the other state may not have rung here yet, and the program
	// must not take its end for an error.
	m.alarm.Store(true)
	m.step(int(used.granted - used.fuel))
}
