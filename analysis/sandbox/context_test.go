package sandbox_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/sandbox"
)

func TestCallEndsWithItsContext(t *testing.T) {
	for _, program := range []string{
		"cancel() while true do end",
		"while true do pcall(function() cancel() while true do end end) end",
		"local co = coroutine.wrap(function() cancel() while true do end end) while true do pcall(co) end",
		"pcall(string.gsub, 'x', 'x', function() cancel() while true do end end) while true do end",
		"local t = {} for i = 1, 1000 do t[i] = i end cancel() while true do table.sort(t) end",
	} {
		w := newWorld(t, sandbox.Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w.define("cancel", func(*lua.LState) int { cancel(); return 0 })
		_, err := w.Call(ctx, w.L, w.function(t, program))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: ended with %v", program, err)
		}
		if _, err := w.Call(ctx, w.L, w.function(t, "")); !errors.Is(err, context.Canceled) {
			t.Errorf("a call with an ended context ended with %v", err)
		}
		if _, err := w.call(t, "return 1"); err != nil {
			t.Errorf("the next call ended with %v", err)
		}
	}
}

func TestCallEndsAtItsDeadline(t *testing.T) {
	w := newWorld(t, sandbox.Limits{})
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := w.Call(ctx, w.L, w.function(t, "while true do end")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
}

func TestContextOfACall(t *testing.T) {
	w := newWorld(t, sandbox.Limits{})
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "outer")
	inner := context.WithValue(context.Background(), key{}, "inner")
	see := w.function(t, "return see()")
	w.define("see", func(L *lua.LState) int {
		L.Push(lua.LString(w.Context(L).Value(key{}).(string)))
		return 1
	})
	w.define("nest", func(L *lua.LState) int {
		results, err := w.Call(inner, L, see)
		if err != nil {
			L.RaiseError("%v", err)
		}
		L.Push(results[0])
		return 1
	})
	results, err := w.Call(ctx, w.L, w.function(t, "return see() .. nest() .. see()"))
	if err != nil || results[0] != lua.LString("outerinnerouter") {
		t.Errorf("got %v, %v", results, err)
	}
}

// TestThreadsHaveTheirOwnBudgets runs jobs side by side on one state: each
// waits in a Go function, which lets go of the state.
func TestThreadsHaveTheirOwnBudgets(t *testing.T) {
	w := newWorld(t, sandbox.Limits{Instructions: 50_000})
	var state sync.Mutex
	const jobs = 8
	var arrived sync.WaitGroup
	arrived.Add(jobs)
	w.define("wait", func(*lua.LState) int {
		state.Unlock()
		defer state.Lock()
		arrived.Done()
		arrived.Wait()
		return 0
	})
	// The even ones use up their budget, the odd ones most of it.
	fn := w.function(t, `
		local job = ...
		local seen = 0
		local function count() seen = seen + 1 end
		pcall(function() wait() count() error("x") end)
		count()
		local co = coroutine.wrap(function() count() coroutine.yield() count() end)
		co() co()
		for i = 1, job % 2 == 0 and 1e9 or 20000 do end
		return seen`)
	errs := make([]error, jobs)
	var done sync.WaitGroup
	state.Lock()
	for i := range jobs {
		thread := w.Thread()
		done.Go(func() {
			state.Lock()
			defer state.Unlock()
			results, err := w.Call(context.Background(), thread, fn, lua.LNumber(i))
			errs[i] = err
			if err == nil && results[0] != lua.LNumber(4) {
				t.Errorf("job %d returned %v", i, results)
			}
		})
	}
	state.Unlock()
	done.Wait()
	for i, err := range errs {
		var e *sandbox.Error
		limited := errors.As(err, &e) && e.Limit != nil && e.Limit.Name == "instructions"
		if limited != (i%2 == 0) {
			t.Errorf("job %d ended with %v", i, err)
		}
	}
}

func TestRefillThread(t *testing.T) {
	w := newWorld(t, sandbox.Limits{})
	thread := w.Thread()
	w.RefillThread(thread, sandbox.Limits{Instructions: 1000})
	fn := w.function(t, "for i = 1, 10000 do end")
	if _, err := w.Call(context.Background(), thread, fn); err == nil {
		t.Error("the thread has no limit")
	}
	if _, err := w.Call(context.Background(), w.L, fn); err != nil {
		t.Errorf("the state has the limit of its thread: %v", err)
	}
}
