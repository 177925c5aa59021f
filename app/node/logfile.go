package node

import (
	"io"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"
)

// LogSink is where a node's log goes.
type LogSink struct {
	io.Writer
	file *lumberjack.Logger // nil where the log goes elsewhere
}

// OpenLog opens log_file, or goes on with where the log went before.
func OpenLog(otherwise io.Writer, c Config) (*LogSink, error) {
	if c.LogFile == "" {
		return &LogSink{Writer: otherwise}, nil
	}
	path := c.LogFile
	if !filepath.IsAbs(path) {
		path = c.path(path)
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // the logger itself would fail in silence
	if err != nil {
		return nil, fieldError("log_file", "%s: name a file in a folder that is there", err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	l := &lumberjack.Logger{Filename: path, MaxSize: c.LogMaxMiB, MaxBackups: c.LogKeep}
	return &LogSink{Writer: l, file: l}, nil
}

// Reopen closes the file, so that the next line opens what then has its name: another program has moved it away.
func (s *LogSink) Reopen() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// Close closes the file.
func (s *LogSink) Close() error { return s.Reopen() }
