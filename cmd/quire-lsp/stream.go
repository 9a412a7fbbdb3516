package main

import (
	"context"
	"errors"

	"go.lsp.dev/jsonrpc2"
)

// A tolerantStream answers a message that cannot be understood and goes on with
// the next, where the library would end the connection. What is wrong with a
// header still ends it: nobody knows where the next message begins.
type tolerantStream struct{ jsonrpc2.Stream }

func (s tolerantStream) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	for {
		m, n, err := s.Stream.Read(ctx)
		var wrong *jsonrpc2.Error
		if err == nil || !errors.As(err, &wrong) {
			return m, n, err
		}
		reply := jsonrpc2.NewResponse(jsonrpc2.ID{}, nil, wrong)
		if _, err := s.Write(ctx, reply); err != nil {
			return nil, 0, err
		}
	}
}
