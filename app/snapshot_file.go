package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// A snapshot in one file: the magic, the manifest's length (4 BE), the manifest, the chunks one after the other.
const (
	snapshotFileMagic = "STSNAP1\n"
	manifestBytesMax  = 512 + chainBytesMax + rootNodeBytesMax + snapshotChunksMax*sha256.Size
)

// SnapshotsIn lists the complete snapshots of a folder, newest first, and changes nothing: the node may run.
func SnapshotsIn(dir, chain string) ([]Manifest, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Manifest
	for _, e := range entries {
		if m, err := readManifest(dir, e.Name(), chain); err == nil {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Manifest) int { return int(b.Height - a.Height) })
	return out, nil
}

// readManifest reads the manifest of a snapshot's folder, which its height names.
func readManifest(dir, name, chain string) (Manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, name, snapshotManifest))
	if err != nil {
		return Manifest{}, err
	}
	m, err := ParseManifest(b)
	if err == nil && (strconv.FormatInt(m.Height, 10) != name || m.Chain != chain) {
		err = fmt.Errorf("it is of chain %q and height %d", m.Chain, m.Height)
	}
	return m, err
}

// ExportSnapshot writes a snapshot of a folder into one file.
func ExportSnapshot(w io.Writer, dir string, m Manifest) error {
	manifest := m.Encode()
	head := binary.BigEndian.AppendUint32([]byte(snapshotFileMagic), uint32(len(manifest)))
	if _, err := w.Write(append(head, manifest...)); err != nil {
		return err
	}
	for i, want := range m.Chunks {
		b, err := os.ReadFile(chunkFile(filepath.Join(dir, strconv.FormatInt(m.Height, 10)), i))
		if err == nil && sha256.Sum256(b) != want {
			err = errChunk
		}
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			return fmt.Errorf("chunk %d: %w", i, err)
		}
	}
	return nil
}

// SnapshotFile is a snapshot in one file that is being read.
type SnapshotFile struct {
	Manifest
	rest *bufio.Reader
}

// ReadSnapshot reads the head of a snapshot file. Nothing of it is to be believed before it is restored.
func ReadSnapshot(r io.Reader) (*SnapshotFile, error) {
	in := bufio.NewReader(r)
	head := make([]byte, len(snapshotFileMagic)+4)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:len(snapshotFileMagic)]) != snapshotFileMagic {
		return nil, fmt.Errorf("this is no snapshot file: %w", errors.Join(errManifest, err))
	}
	size := binary.BigEndian.Uint32(head[len(snapshotFileMagic):])
	if size > manifestBytesMax {
		return nil, errManifest
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, fmt.Errorf("the snapshot file is cut: %w", err)
	}
	m, err := ParseManifest(b)
	return &SnapshotFile{Manifest: m, rest: in}, err
}

// chunk reads the next chunk.
func (f *SnapshotFile) chunk(number int) ([]byte, error) {
	size := int64(snapshotChunkBytes)
	if left := f.Bytes - int64(number)*snapshotChunkBytes; left < size {
		size = left
	}
	b := make([]byte, size)
	_, err := io.ReadFull(f.rest, b)
	return b, err
}

// RestoreFile takes in a snapshot file of which trusted is the root in a header. What is behind its end is refused before
// it counts.
func (a *App) RestoreFile(ctx context.Context, f *SnapshotFile, trusted []byte, progress func(done, all int)) error {
	r, err := a.beginRestore(f.Manifest, trusted)
	if err != nil {
		return err
	}
	for i := range f.Chunks {
		b, err := f.chunk(i)
		if err == nil {
			err = errors.Join(ctx.Err(), f.endsAfter(i))
		}
		if err == nil {
			err = r.add(b)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("chunk %d: %w", i, err), r.abort())
		}
		progress(i+1, len(f.Chunks))
	}
	return nil
}

func (f *SnapshotFile) endsAfter(chunk int) error {
	if chunk < len(f.Chunks)-1 {
		return nil
	}
	if _, err := f.rest.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the file goes on behind the snapshot's end: %w", errors.Join(errManifest, err))
	}
	return nil
}
