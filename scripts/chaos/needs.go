package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// need is something of the machine that a scenario cannot do without.
type need struct {
	name string
	have func() error
}

var (
	needRoot  = need{"root", haveRoot}
	needNetns = need{"network namespaces with veth and a bridge", haveNetns}
	needLoop  = need{"loop devices with ext4", haveLoop}
)

// missing names what the machine lacks of the needs; empty where it has all.
func missing(needs []need) string {
	var lacks []string
	for _, n := range needs {
		if err := n.have(); err != nil {
			lacks = append(lacks, fmt.Sprintf("%s (%v)", n.name, err))
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return "this machine lacks " + strings.Join(lacks, ", ")
}

func haveRoot() error {
	if id := os.Geteuid(); id != 0 {
		return fmt.Errorf("this is user %d", id)
	}
	return nil
}

// probeTime bounds one look at the machine.
const probeTime = 10 * time.Second

// haveNetns makes a namespace, a pair of links and a bridge, and removes them.
func haveNetns() error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	name := fmt.Sprintf("chp%d", os.Getpid()%100_000)
	defer func() {
		_, _ = output(ctx, "", "ip", "netns", "del", name)
		_, _ = output(ctx, "", "ip", "link", "del", name+"b")
	}()
	for _, words := range []string{
		"netns add " + name, "link add " + name + "a type veth peer name " + name + "v netns " + name, "link add " + name + "b type bridge",
	} {
		if _, err := output(ctx, "", "ip", strings.Fields(words)...); err != nil {
			return err
		}
	}
	return nil
}

func haveLoop() error {
	for _, program := range []string{"losetup", "mkfs.ext4", "mount", "umount"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return err
	}
	b, err := os.ReadFile("/proc/filesystems")
	if err == nil && !strings.Contains(string(b), "\text4\n") {
		err = fmt.Errorf("the kernel has no ext4")
	}
	return err
}
