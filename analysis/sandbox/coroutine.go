package sandbox

type coroutine struct{ stop func() }
