package worker

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/semaphore"
)

// slots are the places for jobs, which all queues of a worker share. A queue is
// asked for a job while a place is free, and never twice at once. So a worker
// that serves several queues can be given more jobs than it has places for: such
// a job goes back when no place becomes free in a moment.
type slots struct {
	most   int
	places *semaphore.Weighted

	mu      sync.Mutex
	taken   int           // jobs that were given, also those without a place
	changed chan struct{} // closed when one more queue may be asked
}

func newSlots(most int) *slots {
	return &slots{most: most, places: semaphore.NewWeighted(int64(most)), changed: make(chan struct{})}
}

// moment is how long a job waits for a place.
const moment = 500 * time.Millisecond

// enter takes a place, unless there is none.
func (s *slots) enter(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	return s.places.Acquire(ctx, 1) == nil
}

func (s *slots) leave() { s.places.Release(1) }

// A turn is the [worker.SlotSupplier] of the jobs of one queue.
type turn struct {
	*slots
	asking bool
}

// ReserveSlot implements [worker.SlotSupplier].
func (t *turn) ReserveSlot(ctx context.Context, _ worker.SlotReservationInfo) (*worker.SlotPermit, error) {
	for {
		t.mu.Lock()
		if !t.asking && t.taken < t.most {
			t.asking = true
			t.mu.Unlock()
			return &worker.SlotPermit{UserData: new(bool)}, nil
		}
		changed := t.changed
		t.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// TryReserveSlot implements [worker.SlotSupplier]. Jobs come by no other way.
func (*turn) TryReserveSlot(worker.SlotReservationInfo) *worker.SlotPermit { return nil }

// MarkSlotUsed implements [worker.SlotSupplier].
func (t *turn) MarkSlotUsed(info worker.SlotMarkUsedInfo) {
	t.change(func() {
		t.asking, t.taken = false, t.taken+1
		*used(info.Permit()) = true
	})
}

// used says of a permit whether a job was given for it.
func used(p *worker.SlotPermit) *bool { return p.UserData.(*bool) }

// ReleaseSlot implements [worker.SlotSupplier].
func (t *turn) ReleaseSlot(info worker.SlotReleaseInfo) {
	t.change(func() {
		if *used(info.Permit()) {
			t.taken--
		} else {
			t.asking = false
		}
	})
}

// MaxSlots implements [worker.SlotSupplier].
func (t *turn) MaxSlots() int { return t.most }

func (t *turn) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
	close(t.changed)
	t.changed = make(chan struct{})
}

// tuner returns what makes a queue use the slots.
func (s *slots) tuner() (worker.WorkerTuner, error) {
	o := worker.CompositeTunerOptions{ActivitySlotSupplier: &turn{slots: s}}
	for _, to := range []*worker.SlotSupplier{&o.WorkflowSlotSupplier, &o.LocalActivitySlotSupplier, &o.NexusSlotSupplier, &o.SessionActivitySlotSupplier} {
		fixed, err := worker.NewFixedSizeSlotSupplier(100)
		if err != nil {
			return nil, err
		}
		*to = fixed
	}
	return worker.NewCompositeTuner(o)
}
