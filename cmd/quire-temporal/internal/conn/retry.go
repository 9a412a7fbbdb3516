package conn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Retry calls f until it ends with something else than that the server is away
// or busy, or ctx ends.
func Retry(ctx context.Context, f func() error) error {
	const most = 2 * time.Second
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, most) {
		err := f()
		if err == nil || ctx.Err() != nil || !Away(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// Away reports whether an error says that the server cannot answer now, and may
// later.
func Away(err error) bool {
	var (
		unavailable *serviceerror.Unavailable
		exhausted   *serviceerror.ResourceExhausted
		deadline    *serviceerror.DeadlineExceeded
	)
	if errors.As(err, &unavailable) || errors.As(err, &exhausted) || errors.As(err, &deadline) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted:
		return true
	}
	return false
}

// Plain returns an error of the server with the words that are for people.
func Plain(err error) error {
	if gone := (*serviceerror.NamespaceNotFound)(nil); errors.As(err, &gone) {
		return fmt.Errorf("the Temporal server has no namespace %s", gone.Namespace)
	}
	text := err.Error()
	if s := serviceerror.ServiceError(nil); errors.As(err, &s) {
		text = s.Error()
	}
	for _, before := range []string{"failed reaching server: ", "last connection error: ", "Error while dialing: "} {
		if _, rest, ok := strings.Cut(text, before); ok {
			text = strings.TrimSuffix(rest, `"`)
		}
	}
	return errors.New(text)
}
