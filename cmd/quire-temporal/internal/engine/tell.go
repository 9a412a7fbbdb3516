package engine

import "quire/exec"

// A teller tells one thing after the other, in the order in which it is given
// them, while those who give them go on.
type teller struct {
	waiting chan exec.Told
	ended   chan struct{}
}

// ahead is how much may wait to be told: pages are large.
const ahead = 4

// start begins to tell. What it returns ends that, when all is told that was given
// before.
func (t *teller) start(tell func(exec.Told)) (end func()) {
	t.waiting, t.ended = make(chan exec.Told, ahead), make(chan struct{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		for {
			select {
			case one := <-t.waiting:
				tell(one)
			case <-t.ended:
				return
			}
		}
	}()
	return func() {
		close(t.ended)
		<-told
		for len(t.waiting) > 0 {
			tell(<-t.waiting)
		}
	}
}

// tell gives one thing to be told. After the end it is not.
func (t *teller) tell(one exec.Told) {
	select {
	case t.waiting <- one:
	case <-t.ended:
	}
}
