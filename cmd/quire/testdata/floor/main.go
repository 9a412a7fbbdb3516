// Command floor does with the output of a command what quire cannot do
// without, and nothing else: each line goes to standard output behind a
// prefix, and to a log in the CRI format. It is what the benchmarks measure
// quire against.
//
//	floor LOG COMMAND [ARG]...
package main

import (
	"bytes"
	"io"
	"log"
	"os"
	"os/exec"
	"time"
)

const (
	prefix   = "job │ "
	maxPiece = 16 << 10 // of a line, from which on it is cut
)

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	if err := record(file, out); err != nil {
		log.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		log.Fatal(err)
	}
}

func record(file io.Writer, from io.Reader) error {
	var shown, stored []byte
	buf, held := make([]byte, 64<<10), 0
	for {
		n, err := from.Read(buf[held:])
		at := time.Now().UTC().AppendFormat(nil, time.RFC3339Nano)
		shown, stored = shown[:0], stored[:0]
		rest := buf[:held+n]
		for len(rest) > 0 {
			line, tag := rest, " stdout F "
			if nl := bytes.IndexByte(rest, '\n'); nl >= 0 {
				line, rest = rest[:nl], rest[nl+1:]
			} else if len(rest) >= maxPiece {
				line, rest, tag = rest[:maxPiece], rest[maxPiece:], " stdout P "
			} else if err == nil {
				break
			} else {
				rest = nil
			}
			shown = append(append(append(shown, prefix...), line...), '\n')
			stored = append(append(append(append(stored, at...), tag...), line...), '\n')
		}
		held = copy(buf, rest)
		if _, err := os.Stdout.Write(shown); err != nil {
			return err
		}
		if _, err := file.Write(stored); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
	}
}
