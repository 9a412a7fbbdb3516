package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// listen opens the socket of --socket: HOST:PORT, or a port of this machine.
// Whoever reaches it can run commands, so that it takes anyone's word to listen
// where other machines reach it.
func listen(address string, anyone bool) (net.Listener, error) {
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--socket: %w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); !anyone && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--socket: other machines may reach %s, and who does can run commands here; --any-address allows it", host)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("--socket: %w", err)
	}
	return l, nil
}

// serveSocket serves the first client of a socket.
func serveSocket(ctx context.Context, l net.Listener, stderr io.Writer) int {
	fmt.Fprintf(stderr, "quire-lsp: listening on %s\n", l.Addr())
	unwatch := context.AfterFunc(ctx, func() { _ = l.Close() })
	conn, err := l.Accept()
	unwatch()
	_ = l.Close()
	if ctx.Err() != nil {
		return 1
	}
	if err != nil {
		fmt.Fprintf(stderr, "quire-lsp: --socket: %v\n", err)
		return 1
	}
	return serve(ctx, &greeted{Conn: conn, in: bufio.NewReader(conn)}, stderr)
}

// A greeted connection has to begin as the protocol does. A page in a browser
// can make it send a request to any port of the machine, with headers that would
// do for this protocol too.
type greeted struct {
	net.Conn
	in  *bufio.Reader
	met bool
}

var errGreeting = errors.New("what connected does not speak the Language Server Protocol")

func (g *greeted) Read(b []byte) (int, error) {
	if !g.met {
		const header = "Content-"
		start, err := g.in.Peek(len(header))
		if err != nil && len(start) == 0 {
			return 0, err
		}
		if !strings.EqualFold(string(start), header) {
			return 0, errGreeting
		}
		g.met = true
	}
	return g.in.Read(b)
}
