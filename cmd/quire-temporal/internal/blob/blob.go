// Package blob keeps content of any size on the Temporal server, where workers
// and clients of a run find it without knowing each other.
//
// Content is compressed and cut into pieces. Each is the input of a workflow of
// its own that does nothing, whose id is the hash of the piece: what is there
// already is not sent again, and what is read is what was written. The server
// removes pieces as it removes all workflows that have ended.
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// A Ref leads to content.
type Ref struct {
	Inline []byte `json:"inline,omitempty"` // the content itself, when it is small
	ID     string `json:"id,omitempty"`     // of the piece, or of the list of the pieces when there are several
	Pieces int    `json:"pieces,omitempty"`
}

// Empty reports whether there is no content at all.
func (r Ref) Empty() bool { return r.Pieces == 0 && len(r.Inline) == 0 }

// Pieces keep pieces by their ids.
type Pieces interface {
	Put(ctx context.Context, id string, piece []byte) error
	Get(ctx context.Context, id string) ([]byte, error)
}

const (
	pieceSize  = 1 << 20
	mostPieces = pieceSize / sha256.Size
	atOnce     = 4
)

// Put keeps content. What has at most room bytes is inside the reference.
func Put(ctx context.Context, p Pieces, content []byte, room int) (Ref, error) {
	if len(content) <= room {
		return Ref{Inline: content}, nil
	}
	return put(ctx, p, bytes.NewReader(content))
}

// PutFile keeps the content of a file.
func PutFile(ctx context.Context, p Pieces, path string) (Ref, error) {
	f, err := os.Open(path)
	if err != nil {
		return Ref{}, err
	}
	defer f.Close()
	return put(ctx, p, f)
}

func put(ctx context.Context, p Pieces, content io.Reader) (Ref, error) {
	packed, pack := io.Pipe()
	go func() { pack.CloseWithError(compress(pack, content)) }()
	defer packed.Close()
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	var list []byte
	for {
		piece := make([]byte, pieceSize)
		n, err := io.ReadFull(packed, piece)
		if n > 0 {
			sum := sha256.Sum256(piece[:n])
			list = append(list, sum[:]...)
			group.Go(func() error { return p.Put(sending, hex.EncodeToString(sum[:]), piece[:n]) })
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return Ref{}, errors.Join(err, group.Wait())
		}
		if sending.Err() != nil {
			break
		}
	}
	if err := group.Wait(); err != nil {
		return Ref{}, err
	}
	pieces := len(list) / sha256.Size
	if pieces == 1 {
		return Ref{ID: hex.EncodeToString(list), Pieces: 1}, nil
	}
	if pieces > mostPieces {
		return Ref{}, fmt.Errorf("content of more than %d GiB cannot go through the Temporal server", mostPieces*pieceSize>>30)
	}
	sum := sha256.Sum256(list)
	id := hex.EncodeToString(sum[:])
	return Ref{ID: id, Pieces: pieces}, p.Put(ctx, id, list)
}

func compress(w io.Writer, content io.Reader) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if _, err := io.Copy(z, content); err != nil {
		return err
	}
	return z.Close()
}

// Bytes returns content that is not large.
func (r Ref) Bytes(ctx context.Context, p Pieces) ([]byte, error) {
	if r.Pieces == 0 {
		return r.Inline, nil
	}
	var b bytes.Buffer
	err := r.write(ctx, p, &b)
	return b.Bytes(), err
}

// File writes content to a file that does not exist.
func (r Ref) File(ctx context.Context, p Pieces, path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if r.Pieces == 0 {
		_, err = f.Write(r.Inline)
		return err
	}
	return r.write(ctx, p, f)
}

func (r Ref) write(ctx context.Context, p Pieces, w io.Writer) error {
	ids, err := r.ids(ctx, p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	packed, pack := io.Pipe()
	go func() { pack.CloseWithError(fetch(ctx, p, ids, pack)) }()
	defer packed.Close()
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	_, err = io.Copy(w, z)
	return err
}

// ids returns the ids of the pieces in their order.
func (r Ref) ids(ctx context.Context, p Pieces) ([]string, error) {
	if r.Pieces == 1 {
		return []string{r.ID}, nil
	}
	list, err := get(ctx, p, r.ID)
	if err != nil {
		return nil, err
	}
	if len(list) != r.Pieces*sha256.Size {
		return nil, fmt.Errorf("the list %s has not the %d pieces that it is to have", r.ID, r.Pieces)
	}
	var ids []string
	for ; len(list) > 0; list = list[sha256.Size:] {
		ids = append(ids, hex.EncodeToString(list[:sha256.Size]))
	}
	return ids, nil
}

// fetch writes pieces in their order, and gets some ahead.
func fetch(ctx context.Context, p Pieces, ids []string, w io.Writer) error {
	type got struct {
		piece []byte
		err   error
	}
	coming := make(chan chan got, atOnce-1)
	go func() {
		defer close(coming)
		for _, id := range ids {
			one := make(chan got, 1)
			select {
			case coming <- one:
			case <-ctx.Done():
				return
			}
			go func() {
				piece, err := get(ctx, p, id)
				one <- got{piece, err}
			}()
		}
	}()
	for one := range coming {
		g := <-one
		if g.err != nil {
			return g.err
		}
		if _, err := w.Write(g.piece); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// get returns a piece that is what its id says.
func get(ctx context.Context, p Pieces, id string) ([]byte, error) {
	piece, err := p.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(piece); hex.EncodeToString(sum[:]) != id {
		return nil, fmt.Errorf("the Temporal server has other content under %s than was stored there", id)
	}
	return piece, nil
}
