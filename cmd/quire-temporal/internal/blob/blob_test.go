package blob_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"quire/cmd/quire-temporal/internal/blob"
)

// A memory keeps pieces.
type memory struct {
	mu     sync.Mutex
	pieces map[string][]byte
	puts   int
	fail   error // of every call
}

func (m *memory) Put(_ context.Context, id string, piece []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	m.pieces[id] = bytes.Clone(piece)
	return m.fail
}

func (m *memory) Get(_ context.Context, id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	piece, ok := m.pieces[id]
	if !ok {
		return nil, errors.New("there is no piece " + id)
	}
	return piece, m.fail
}

// noise is content that does not get smaller.
func noise(n int) []byte {
	content := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content) // never fails
	return content
}

func TestContent(t *testing.T) {
	tests := []struct {
		name    string
		content []byte
		room    int
		pieces  int // that are kept
	}{
		{"nothing", nil, 10, 0},
		{"small", []byte("small"), 5, 0},
		{"no room", []byte("small"), 4, 1},
		{"a piece", noise(1000), 10, 1},
		{"much of the same", bytes.Repeat([]byte("line\n"), 1<<20), 10, 1},
		{"several pieces", noise(5<<20 + 1), 10, 7}, // six, and their list
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory{pieces: map[string][]byte{}}
			ref, err := blob.Put(t.Context(), m, tt.content, tt.room)
			if err != nil {
				t.Fatal(err)
			}
			if ref.Empty() != (len(tt.content) == 0) || len(m.pieces) != tt.pieces {
				t.Errorf("%d pieces are kept, want %d; empty: %v", len(m.pieces), tt.pieces, ref.Empty())
			}
			for id, piece := range m.pieces {
				if len(piece) > 1<<20 {
					t.Errorf("the piece %s has %d bytes, more than the server takes well", id, len(piece))
				}
			}
			got, err := ref.Bytes(t.Context(), m)
			if err != nil || !bytes.Equal(got, tt.content) {
				t.Errorf("%d bytes came back (%v), want %d", len(got), err, len(tt.content))
			}
			path := filepath.Join(t.TempDir(), "content")
			if err := ref.File(t.Context(), m, path); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, tt.content) {
				t.Errorf("a file of %d bytes came back (%v), want %d", len(got), err, len(tt.content))
			}
			again, err := blob.PutFile(t.Context(), m, path)
			if tt.pieces > 0 && (err != nil || again.ID != ref.ID || len(m.pieces) != tt.pieces) {
				t.Errorf("the same content is kept as %v (%v), want %v", again, err, ref)
			}
		})
	}
}

// TestBadPieces has pieces be missing, or others than they were.
func TestBadPieces(t *testing.T) {
	content := noise(3 << 20)
	for _, tt := range []struct {
		name, want string
		spoil      func(m *memory, ref blob.Ref)
	}{
		{"one is missing", "there is no piece", func(m *memory, ref blob.Ref) {
			for id := range m.pieces {
				if id != ref.ID {
					delete(m.pieces, id)
					return
				}
			}
		}},
		{"the list is missing", "there is no piece", func(m *memory, ref blob.Ref) { delete(m.pieces, ref.ID) }},
		{"one is another", "has other content", func(m *memory, ref blob.Ref) {
			for id := range m.pieces {
				if id != ref.ID {
					m.pieces[id][17]++
					return
				}
			}
		}},
		{"the server fails", "out of order", func(m *memory, _ blob.Ref) { m.fail = errors.New("out of order") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory{pieces: map[string][]byte{}}
			ref, err := blob.Put(t.Context(), m, content, 0)
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(m, ref)
			path := filepath.Join(t.TempDir(), "content")
			if err := ref.File(t.Context(), m, path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want one with %q", err, tt.want)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a part of the content is there")
			}
			if _, err := blob.Put(t.Context(), m, content, 0); (err != nil) != (m.fail != nil) {
				t.Errorf("keeping it again: %v", err)
			}
		})
	}
}
