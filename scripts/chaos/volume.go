package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// volume is an ext4 filesystem in a file, on a loop device.
type volume struct {
	image, mount, device string
}

// mountTime bounds one call of mount, umount or losetup.
const mountTime = 20 * time.Second

// newVolume makes and mounts a filesystem. The root user has no reserve on it, and the journal waits long, so that what
// was not synced is not on the disk by chance.
func newVolume(ctx context.Context, dir, name string, mib int) (*volume, error) {
	v := &volume{image: filepath.Join(dir, name+".img"), mount: filepath.Join(dir, name)}
	if err := os.MkdirAll(v.mount, 0o700); err != nil {
		return nil, err
	}
	f, err := os.Create(v.image)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(int64(mib)<<20), f.Close()); err != nil {
		return nil, err
	}
	if err := run(ctx, "mkfs.ext4 -q -F -m 0 "+v.image); err != nil {
		return nil, err
	}
	if v.device, err = output(ctx, "", "losetup", "-f", "--show", v.image); err != nil {
		return nil, err
	}
	if err := v.attach(ctx); err != nil {
		return nil, errors.Join(err, v.close())
	}
	return v, nil
}

// run runs a program whose words have no spaces.
func run(ctx context.Context, words string) error {
	ctx, cancel := context.WithTimeout(ctx, mountTime)
	defer cancel()
	w := strings.Fields(words)
	_, err := output(ctx, "", w[0], w[1:]...)
	return err
}

func (v *volume) attach(ctx context.Context) error {
	return run(ctx, "mount -o commit=60 "+v.device+" "+v.mount)
}

func (v *volume) detach(ctx context.Context) error { return run(ctx, "umount "+v.mount) }

// How a power cut treats the filesystem's journal.
const (
	cutLogFlush   = 1 // what the journal had gathered is still written
	cutNoLogFlush = 2 // nothing is
)

// sync writes everything out: what was there long before a cut.
func (v *volume) sync(ctx context.Context) error { return run(ctx, "sync -f "+v.mount) }

// cut stops the filesystem at once.
func (v *volume) cut(how uint32) error { return cutPower(v.mount, how) }

// again is the power's return: the filesystem is mounted anew and replays its journal. Nobody may use it, also not in a
// mount namespace that was made meanwhile (by 'ip netns exec', say): it would come back as dead as it was.
func (v *volume) again(ctx context.Context) error {
	if err := errors.Join(v.detach(ctx), v.attach(ctx)); err != nil {
		return err
	}
	probe := filepath.Join(v.mount, "probe")
	if err := os.WriteFile(probe, []byte("alive"), 0o600); err != nil {
		return fmt.Errorf("%s is still cut off after it was mounted anew; does another mount namespace hold it? %w", v.mount, err)
	}
	return os.Remove(probe)
}

// close unmounts and removes everything, whatever state it is in.
func (v *volume) close() error {
	ctx := context.Background()
	err := v.detach(ctx)
	if v.device != "" {
		err = errors.Join(err, run(ctx, "losetup -d "+v.device))
	}
	return errors.Join(err, os.Remove(v.image))
}

func closeVolumes(all []*volume) error {
	var errs []error
	for _, v := range all {
		errs = append(errs, v.close())
	}
	return errors.Join(errs...)
}

// fill writes a file that leaves so many bytes free.
func (v *volume) fill(leave int64) error {
	free, err := freeBytes(v.mount)
	if err != nil {
		return err
	}
	f, err := os.Create(v.filler())
	if err != nil {
		return err
	}
	zeros := make([]byte, 64<<10)
	for left := free - leave; left > 0 && err == nil; left -= int64(len(zeros)) {
		_, err = f.Write(zeros[:min(left, int64(len(zeros)))])
	}
	if full(err) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

func (v *volume) filler() string { return filepath.Join(v.mount, "filler") }

// empty gives the space back.
func (v *volume) empty() error { return os.Remove(v.filler()) }

func full(err error) bool { return err != nil && strings.Contains(err.Error(), noSpace) }

// noSpace is what the system says of a full disk.
const noSpace = "no space left on device"

// homesOn is a change of a network's configuration that puts the homes of some nodes on volumes.
func homeOn(home string, volumes map[string]*volume) string {
	if v := volumes[filepath.Base(home)]; v != nil {
		return filepath.Join(v.mount, filepath.Base(home))
	}
	return home
}

// copyTree copies a folder of plain files.
func copyTree(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copy of %s: %w", from, err)
	}
	return nil
}
