package node

import (
	"context"
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
	if strings.Contains(msg, "CONSENSUS FAILURE") {
		l.fail("the engine's consensus has failed; its log says why")
	}
	if l.stopping.Load() {
		l.write(slog.LevelDebug, msg, kv)
		return
	}
	l.write(slog.LevelError, msg, kv)
}

func (l engineLog) With(kv ...any) log.Logger { return engineLog{l.to.With(kv...), l.fail, l.stopping} }

func (l engineLog) write(level slog.Level, msg string, kv []any) {
	if l.to.Enabled(context.Background(), level) {
		l.to.Log(context.Background(), level, msg, kv...)
	}
}
