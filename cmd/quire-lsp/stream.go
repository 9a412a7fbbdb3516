package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.lsp.dev/jsonrpc2"
)

const (
	// maxHeader is how many bytes the header of a message may have. What clients
	// send has less than a hundred.
	maxHeader = 8 << 10
	// maxMessage is how many bytes a message may have. It is far above the largest
	// pipeline that is evaluated, and leaves the server below 512 MiB, of which a
	// message takes several times its size.
	maxMessage = 48 << 20
	// keptMessage is how large a buffer is kept for the next message.
	keptMessage = 1 << 20
)

// A stream reads what a client sends. It takes memory for what has arrived, and
// not for what a header announces. A message that cannot be understood, or that
// is too large, is answered and the next one is read, where the library would
// end the connection. What is wrong with a header ends it: nobody knows where
// the next message begins.
type stream struct {
	jsonrpc2.Stream // which writes
	in              *bufio.Reader
	body            bytes.Buffer // of the last message, whose parameters may lie in it
}

func newStream(rw io.ReadWriteCloser) *stream {
	return &stream{Stream: jsonrpc2.NewHeaderStream(rw), in: bufio.NewReaderSize(rw, maxHeader)}
}

func (s *stream) Read(ctx context.Context) (jsonrpc2.Message, int64, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		length, err := readHeader(s.in)
		if err != nil {
			return nil, 0, err
		}
		m, err := s.readBody(length)
		if err == nil {
			return m, length, nil
		}
		var wrong *jsonrpc2.Error
		if !errors.As(err, &wrong) {
			return nil, 0, err
		}
		reply := jsonrpc2.NewResponse(jsonrpc2.ID{}, nil, wrong)
		if _, err := s.Write(ctx, reply); err != nil {
			return nil, 0, err
		}
	}
}

// readBody reads the rest of a message. The error is a [*jsonrpc2.Error] when the
// next message can be read.
func (s *stream) readBody(length int64) (jsonrpc2.Message, error) {
	if length > maxMessage {
		if _, err := io.CopyN(io.Discard, s.in, length); err != nil {
			return nil, truncated(err)
		}
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest,
			fmt.Sprintf("a message of %d bytes was not read: they may have %d", length, maxMessage))
	}
	if s.body.Reset(); s.body.Cap() > keptMessage {
		s.body = bytes.Buffer{}
	}
	if _, err := io.CopyN(&s.body, s.in, length); err != nil {
		return nil, truncated(err)
	}
	return jsonrpc2.DecodeMessage(s.body.Bytes())
}

// readHeader reads the header of a message and returns how long the message is,
// in bytes, from 1. The error is [io.EOF] when there is no more message.
func readHeader(in *bufio.Reader) (length int64, err error) {
	for left := maxHeader; ; {
		line, err := in.ReadSlice('\n')
		if left -= len(line); left < 0 || err == bufio.ErrBufferFull {
			return 0, fmt.Errorf("the header of a message is longer than %d bytes", maxHeader)
		}
		if err == io.EOF && len(line) == 0 && left == maxHeader {
			return 0, io.EOF
		}
		if err != nil {
			return 0, truncated(err)
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 0, fmt.Errorf("a header of a message has the line %.80q, which is no field such as Content-Length: 2", line)
		}
		if !bytes.EqualFold(name, []byte("Content-Length")) {
			continue
		}
		value = bytes.Trim(value, " \t")
		if length, err = strconv.ParseInt(string(value), 10, 64); err != nil || length <= 0 || value[0] == '+' {
			return 0, fmt.Errorf("the header of a message has the Content-Length %.80q, which is no number of bytes", value)
		}
	}
	if length == 0 {
		return 0, errors.New("the header of a message has no Content-Length")
	}
	return length, nil
}

// truncated says of an end of input that it came within a message.
func truncated(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
