package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/cometbft/cometbft/libs/log"
)

// NewLog makes the node's log by the configuration's words.
func NewLog(w io.Writer, c Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Check has judged it
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// engineLog passes the engine's log on, one level lower where the engine talks much, and tells the watchdog when
// consensus has failed: the engine says so in its log alone.
type engineLog struct {
	to   *slog.Logger
	fail func(why string)
	// stopping: closed ports are no errors then.
	stopping *atomic.Bool
}

func (l engineLog) Debug(msg string, kv ...any) { l.write(slog.LevelDebug, msg, kv) }
func (l engineLog) Info(msg string, kv ...any)  { l.write(slog.LevelDebug, msg, kv) }

func (l engineLog) Warn(msg string, kv ...any) { l.write(slog.LevelWarn, msg, kv) }

func (l engineLog) Error(msg string, kv ...any) {
	if why, ok := ends(msg); ok {
		l.fail(why + causeIn(kv))
	}
	if l.stopping.Load() {
		l.write(slog.LevelDebug, msg, kv)
		return
	}
	l.write(slog.LevelError, msg, kv)
}

// ends tells which lines of the engine mean that the process must end: after these it only stands still.
func ends(msg string) (why string, ok bool) {
	switch {
	case strings.Contains(msg, "CONSENSUS FAILURE"):
		return "the engine's consensus has failed", true
	case msg == "State sync failed", msg == "Failed to bootstrap node with new state", msg == "Failed to store last seen commit", msg == "Failed to switch to block sync":
		return "the node cannot begin from a snapshot, and what was taken in of it goes at the next start", true
	}
	return "", false
}

// causeBytesMax bounds what is told of a cause; the whole is in the log.
const causeBytesMax = 500

// causeIn finds the cause among what stands beside a line.
func causeIn(kv []any) string {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == "err" {
			return fmt.Sprintf(": %.*s", causeBytesMax, fmt.Sprint(kv[i+1]))
		}
	}
	return ""
}

func (l engineLog) With(kv ...any) log.Logger { return engineLog{l.to.With(kv...), l.fail, l.stopping} }

func (l engineLog) write(level slog.Level, msg string, kv []any) {
	if l.to.Enabled(context.Background(), level) {
		l.to.Log(context.Background(), level, msg, kv...)
	}
}
