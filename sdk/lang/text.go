package lang

import (
	"fmt"
	"strings"
)

// Text is a sentence that is said later, in the language of whoever reads it. The zero Text is empty.
type Text struct {
	format string
	args   []any
}

// T is a text of a format and its arguments, as F takes them.
func T(format string, args ...any) Text { return Text{format: format, args: args} }

// In says the text in a language.
func (t Text) In(l Lang) string { return l.F(t.format, t.args...) }

// String says the text in English.
func (t Text) String() string { return t.In(English) }

// fault is an error that can say itself in a language.
type fault struct {
	error
	text Text
}

// Errorf is fmt.Errorf whose words Lang.Error finds again.
func Errorf(format string, args ...any) error {
	return &fault{error: fmt.Errorf(format, args...), text: T(format, args...)}
}

func (f *fault) Unwrap() error { return f.error }

// In says the error in a language; in a sentence, what it wraps stands like any other argument.
func (f *fault) In(l Lang) string {
	said := strings.ReplaceAll(l.word(f.text.format), "%w", "%s")
	switch {
	case len(f.text.args) == 0:
		return said
	case l == Chinese && said != f.text.format:
		return tight(said, l.spoken(f.text.args))
	}
	return fmt.Sprintf(said, l.spoken(f.text.args)...)
}

// Count is a text of a number: the first format for one thing, the second for all else.
func Count(n int, one, several string) Text {
	if n == 1 {
		return T(one, n)
	}
	return T(several, n)
}
