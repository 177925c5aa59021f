package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxPlace bounds the file of a place, in bytes.
const maxPlace = 4 << 10

// ReadPlace reads a kept place; nil where there is none yet.
func ReadPlace(file string) (*Place, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	p := &Place{}
	if err == nil && len(b) > maxPlace {
		err = errors.New("it is too large")
	}
	if err == nil {
		err = json.Unmarshal(b, p)
	}
	if err != nil {
		return nil, fmt.Errorf("the place in %s cannot be read: %w; mend the file, or take it away to begin now", file, err)
	}
	return p, nil
}

// Keep writes a place so that a cut leaves the old one or the new.
func (p Place) Keep(file string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	next := file + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(next, file)
}
