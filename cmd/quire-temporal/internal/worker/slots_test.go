package worker

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/worker"
)

// A permitted is what the SDK tells of a permit.
type permitted struct {
	worker.SlotMarkUsedInfo
	permit *worker.SlotPermit
}

func (p permitted) Permit() *worker.SlotPermit { return p.permit }

type released struct {
	worker.SlotReleaseInfo
	permit *worker.SlotPermit
}

func (r released) Permit() *worker.SlotPermit { return r.permit }

// reserve returns a permit to ask a queue for a job, or nil when there is none.
func reserve(t *turn) *worker.SlotPermit {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	p, _ := t.ReserveSlot(ctx, nil)
	return p
}

// TestSlots goes through what two queues of a worker with two places may ask.
func TestSlots(t *testing.T) {
	s := newSlots(2)
	a, b := &turn{slots: s}, &turn{slots: s}
	give := func(q *turn) *worker.SlotPermit {
		t.Helper()
		p := reserve(q)
		if p == nil {
			t.Fatal("a queue may not be asked although a place is free")
		}
		if reserve(q) != nil {
			t.Fatal("a queue is asked twice at once")
		}
		return p
	}
	first := give(a)
	other := give(b) // asks without getting a job
	a.MarkSlotUsed(permitted{permit: first})
	second := give(a)
	a.MarkSlotUsed(permitted{permit: second})
	if reserve(a) != nil {
		t.Fatal("a queue is asked although no place is free")
	}
	b.ReleaseSlot(released{permit: other})
	if reserve(b) != nil {
		t.Fatal("the other queue is asked although no place is free")
	}
	a.ReleaseSlot(released{permit: first})
	third := give(b)
	b.ReleaseSlot(released{permit: third})
	a.ReleaseSlot(released{permit: second})
	give(a)
	give(b)
}

// TestPlaces has a job come without a place for it, which it gets when another
// ends soon, and else does not.
func TestPlaces(t *testing.T) {
	s := newSlots(1)
	ctx := t.Context()
	if !s.enter(ctx) || s.enter(ctx) {
		t.Fatal("one place is none, or two")
	}
	time.AfterFunc(moment/10, s.leave)
	if !s.enter(ctx) {
		t.Fatal("a place that became free was not taken")
	}
}
