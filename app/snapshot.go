package app

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/store"
)

// Errors of snapshots.
var (
	ErrSnapshotFormat = errors.New("the snapshot has a format that this program does not know")
	ErrNoSnapshot     = errors.New("there is no such snapshot")
)

// SnapshotOptions say when snapshots are made and where they are kept.
type SnapshotOptions struct {
	Dir string
	// EveryBlocks makes one at each height that it divides; 0 makes none.
	EveryBlocks int64
	// Kept is how many of the newest stay.
	Kept int
}

const (
	snapshotHalf     = ".part"
	snapshotManifest = "manifest"
	snapshotsMax     = 100 // kept at once
)

// Snapshots makes, keeps and takes in the snapshots of one node.
type Snapshots struct {
	app *App
	o   SnapshotOptions
	log *slog.Logger

	mu     sync.Mutex
	kept   []Manifest // by height, newest last
	making bool
	ended  chan struct{}
	once   sync.Once
	done   sync.WaitGroup

	restore *restoring // what the engine is taking in; the engine's one snapshot connection owns it
}

// OpenSnapshots opens the folder of snapshots and throws half-made ones away.
func (a *App) OpenSnapshots(o SnapshotOptions) (*Snapshots, error) {
	s := &Snapshots{app: a, o: o, log: a.o.Log, ended: make(chan struct{})}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), snapshotHalf) {
			if err := os.RemoveAll(filepath.Join(o.Dir, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		if m, err := readManifest(o.Dir, e.Name(), a.o.Chain); err != nil {
			s.log.Warn("a snapshot cannot be read and is not offered", "snapshot", e.Name(), "err", err)
		} else {
			s.kept = append(s.kept, m)
		}
	}
	slices.SortFunc(s.kept, func(a, b Manifest) int { return int(a.Height - b.Height) })
	return s, nil
}

// Close ends what is being made, and waits for it: the state may then be closed.
func (s *Snapshots) Close() {
	s.once.Do(func() {
		s.mu.Lock() // whoever has begun by now is waited for, nobody else begins
		defer s.mu.Unlock()
		close(s.ended)
	})
	s.done.Wait()
}

// committed begins a snapshot in the background where one is due. One is made at a time: a height that comes too early is
// left out.
func (s *Snapshots) committed(height int64) {
	if s.o.EveryBlocks == 0 || height%s.o.EveryBlocks != 0 || !s.begin() {
		return
	}
	pinned, err := s.app.store.Pin()
	if err != nil {
		s.log.Error("no snapshot was made", "height", height, "err", err)
		s.end()
		return
	}
	go func() {
		defer s.end()
		if _, err := s.make(pinned); err != nil {
			s.log.Error("no snapshot was made", "height", height, "err", err)
		}
	}()
}

// begin takes the one place that makes a snapshot; end gives it back. Close waits for whoever has it, which it must know of
// before it counts.
func (s *Snapshots) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return false
	default:
	}
	if s.making {
		return false
	}
	s.making = true
	s.done.Add(1)
	return true
}

func (s *Snapshots) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making = false
	s.done.Done()
}

// Create makes a snapshot of the newest height now.
func (s *Snapshots) Create() (Manifest, error) {
	if !s.begin() {
		return Manifest{}, errors.New("a snapshot is being made already, or the node stops")
	}
	defer s.end()
	pinned, err := s.app.store.Pin()
	if err != nil {
		return Manifest{}, err
	}
	return s.make(pinned)
}

// make writes a snapshot into a folder whose name says that it is unfinished; the name is changed last.
func (s *Snapshots) make(pinned *store.Pinned) (Manifest, error) {
	defer pinned.Release()
	dir := s.dir(pinned.Height())
	if err := os.Mkdir(dir+snapshotHalf, 0o700); err != nil {
		return Manifest{}, err
	}
	m, err := s.write(pinned, dir+snapshotHalf)
	if err == nil {
		err = files.New(filepath.Join(dir+snapshotHalf, snapshotManifest), m.Encode())
	}
	if err == nil {
		err = s.finish(m, dir)
	}
	if err != nil {
		return m, errors.Join(err, os.RemoveAll(dir+snapshotHalf))
	}
	return m, s.drop()
}

func (s *Snapshots) dir(height int64) string {
	return filepath.Join(s.o.Dir, strconv.FormatInt(height, 10))
}

func chunkFile(dir string, chunk int) string { return filepath.Join(dir, fmt.Sprintf("%06d", chunk)) }

func (s *Snapshots) finish(m Manifest, dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(o Manifest) bool { return o.Height == m.Height })
	if err := errors.Join(os.RemoveAll(dir), os.Rename(dir+snapshotHalf, dir), files.SyncDir(s.o.Dir)); err != nil {
		return err
	}
	s.kept = append(s.kept, m)
	s.log.Info("a snapshot is made", "height", m.Height, "bytes", m.Bytes, "chunks", len(m.Chunks))
	return nil
}

// drop removes what is older than the newest that are kept.
func (s *Snapshots) drop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.kept) > max(min(s.o.Kept, snapshotsMax), 1) {
		dir := s.dir(s.kept[0].Height)
		if err := errors.Join(os.Rename(dir, dir+snapshotHalf), os.RemoveAll(dir+snapshotHalf)); err != nil {
			return err
		}
		s.kept = s.kept[1:]
	}
	return nil
}

// write streams a pinned height into chunks.
func (s *Snapshots) write(pinned *store.Pinned, dir string) (Manifest, error) {
	w := &chunks{dir: dir, ended: s.ended, m: Manifest{
		Format: SnapshotFormat, Chain: s.app.o.Chain, Height: pinned.Height(), Root: pinned.Root(), RootNode: pinned.RootNode(),
	}}
	err := pinned.Nodes(func(n store.Node) error {
		w.buffer = appendNode(w.buffer, n)
		return w.cut(snapshotChunkBytes)
	})
	if err != nil {
		return w.m, err
	}
	kept := uint64(0)
	err = index.Preimages(pinned.Side(), func(preimage []byte) error {
		kept++
		w.buffer = appendKept(w.buffer, preimage)
		return w.cut(snapshotChunkBytes)
	})
	if err != nil {
		return w.m, err
	}
	w.buffer = appendEnd(w.buffer, kept)
	return w.m, errors.Join(w.cut(snapshotChunkBytes), w.cut(1))
}

// chunks cuts a stream into files.
type chunks struct {
	dir    string
	buffer []byte
	m      Manifest
	ended  chan struct{}
}

// cut writes chunks while at least so many bytes wait.
func (w *chunks) cut(least int) error {
	for len(w.buffer) >= least {
		select {
		case <-w.ended:
			return errors.New("the node stops")
		default:
		}
		if len(w.m.Chunks) == snapshotChunksMax {
			return fmt.Errorf("the state is over %d chunks of %d bytes", snapshotChunksMax, snapshotChunkBytes)
		}
		chunk := w.buffer[:min(snapshotChunkBytes, len(w.buffer))]
		if err := files.New(chunkFile(w.dir, len(w.m.Chunks)), chunk); err != nil {
			return err
		}
		w.m.Chunks = append(w.m.Chunks, sha256.Sum256(chunk))
		w.m.Bytes += int64(len(chunk))
		w.buffer = append(w.buffer[:0], w.buffer[len(chunk):]...)
	}
	return nil
}

// List lists the complete snapshots, newest first.
func (s *Snapshots) List() []Manifest {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.kept)
	slices.Reverse(out)
	return out
}

// Chunk reads a chunk of a complete snapshot.
func (s *Snapshots) Chunk(height int64, format uint32, number uint32) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // what is read is not dropped meanwhile
	at := slices.IndexFunc(s.kept, func(m Manifest) bool { return m.Height == height && m.Format == format })
	if at < 0 || int64(number) >= int64(len(s.kept[at].Chunks)) {
		return nil, fmt.Errorf("%w: height %d, format %d, chunk %d", ErrNoSnapshot, height, format, number)
	}
	return os.ReadFile(chunkFile(s.dir(height), int(number)))
}
