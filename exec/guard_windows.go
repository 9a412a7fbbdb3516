package exec

// A guard has nothing to do: what a command started ends with quire.
type guard struct{}

func newGuard() guard { return guard{} }

func (guard) began(int) {}

func (guard) ended(int) {}

func (guard) close() {}
