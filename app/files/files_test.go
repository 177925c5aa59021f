package files_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/splittally/splittally/app/files"
)

// holds wants a folder to have one file with this content, for its owner alone, and nothing else.
func holds(t *testing.T, file, want string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil || string(b) != want {
		t.Errorf("%q, %v, want %q", b, err, want)
	}
	if s, err := os.Stat(file); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", s.Mode(), err)
	}
	if all, err := os.ReadDir(filepath.Dir(file)); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestReplace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	for _, content := range []string{"one", "a longer one", ""} {
		if err := files.Replace(file, []byte(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, file, content)
	}
	if err := files.Replace(filepath.Join(t.TempDir(), "no", "a"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	dir := filepath.Join(t.TempDir(), "taken")
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := files.Replace(dir, []byte("x")); err == nil {
		t.Error("a folder is replaced")
	}
	if all, _ := os.ReadDir(filepath.Dir(dir)); len(all) != 1 {
		t.Errorf("half a file is left: %v", all)
	}
}

func TestNew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	if err := files.New(file, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := files.New(file, []byte("two")); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	holds(t, file, "one")
	half, failed := file+"2", errors.New("the disk is full")
	err := files.Create(half, func(w io.Writer) error {
		_, err := w.Write([]byte("hal"))
		return errors.Join(err, failed)
	})
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	holds(t, file, "one") // and nothing beside it
}

func TestJSON(t *testing.T) {
	type form struct {
		A int `json:"a"`
	}
	file := filepath.Join(t.TempDir(), "a")
	for content, good := range map[string]bool{
		`{"a":7}`: true, " {\"a\":7}\n": true, `{"a":7,"b":1}`: false, `{"a":7}{}`: false, `{"a":7} x`: false, `{"a":7`: false, "": false,
		`{"a":7}                         `: false, // 32 bytes, over the bound
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var f form
		if err := files.ReadJSON(file, 31, &f); (err == nil) != good || good && f.A != 7 {
			t.Errorf("%q: %v, %v", content, f, err)
		}
	}
	if err := files.ReadJSON(file+"2", 31, &form{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
