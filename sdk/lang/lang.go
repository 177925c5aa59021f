// Package lang says what programs say to people in their language. The English format string is the key: who writes a
// sentence writes it once, in English, and the catalogue has it in Chinese. What a catalogue lacks stays English. Nothing
// here asks the machine for its locale database, so every machine says the same.
//
// Figures, amounts (1,250,000.00 CNY), dates (2026-05-31), ids, codes and commands are alike in every language, so that
// what two people see can be compared.
package lang

import (
	"errors"
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/kernel/errs"
)

// Lang is a language; the zero value is English.
type Lang uint8

// The languages.
const (
	English Lang = iota
	Chinese
)

// ErrUnknown is a language that this version does not speak.
var ErrUnknown = errors.New("the languages are zh and en")

// String is the language's code, as Parse reads it.
func (l Lang) String() string {
	if l == Chinese {
		return "zh"
	}
	return "en"
}

// Parse reads a language as people and machines write it: zh, en, zh-CN, zh_CN.UTF-8, C.
func Parse(text string) (Lang, error) {
	code, _, _ := strings.Cut(strings.ToLower(text), ".")
	code, _, _ = strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	switch code {
	case "zh":
		return Chinese, nil
	case "en", "c", "posix":
		return English, nil
	}
	return English, fmt.Errorf("%w: %.20q", ErrUnknown, text)
}

// FromEnvironment is the language that the environment asks for: the first of LC_ALL, LC_MESSAGES and LANG that is set
// decides; English where it is none that is spoken here.
func FromEnvironment(get func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := get(name); value != "" {
			l, _ := Parse(value)
			return l
		}
	}
	return English
}

// Speaker is a value that says itself in a language: a Text, a party, a fault in what was typed.
type Speaker interface{ In(l Lang) string }

// F is fmt.Sprintf in the language, of a format that the catalogue knows in English; line ends around it do not count.
// Arguments that are errors or can say themselves in a language do so.
func (l Lang) F(format string, args ...any) string {
	said := l.word(format)
	if len(args) == 0 {
		return strings.ReplaceAll(said, "%%", "%")
	}
	if l == Chinese && said != format {
		return tight(said, l.spoken(args))
	}
	return fmt.Sprintf(said, l.spoken(args)...)
}

// N is F of a number: the first format for one thing, the second for all else.
func (l Lang) N(n int, one, several string) string { return Count(n, one, several).In(l) }

// List puts names and amounts beside each other.
func (l Lang) List(items []string) string {
	if l == Chinese {
		return strings.Join(items, "、")
	}
	return strings.Join(items, ", ")
}

// Word is one word or sentence of those that the catalogue knows, such as a state; a text that it does not know stays.
func (l Lang) Word(english string) string { return l.word(english) }

// State is a word for how something stands: due, issued, left. Such words are labels elsewhere, where other languages have
// another word; the catalogue has them as "is due".
func (l Lang) State(english string) string {
	if said := l.word("is " + english); said != "is "+english {
		return said
	}
	return english
}

func (l Lang) word(english string) string {
	if l != Chinese {
		return english
	}
	text := strings.Trim(english, "\n")
	if said, ok := find(text); ok && text != "" {
		return strings.Replace(english, text, said, 1)
	}
	return english
}

func (l Lang) spoken(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Speaker:
			out[i] = a.In(l)
		case error:
			out[i] = l.Error(a)
		default:
			out[i] = a
		}
	}
	return out
}

// Error is an error in the language: numbered refusals with their rule and cure, what Errorf made, and errors whose
// whole text the catalogue knows; of one that wraps such errors, their part is said and the rest stays.
func (l Lang) Error(err error) string {
	switch {
	case err == nil:
		return ""
	case l == English:
		return err.Error()
	}
	switch e := err.(type) { //nolint:errorlint // what wraps is unwrapped below, so that nothing of its words is lost
	case Speaker:
		return e.In(l)
	case *errs.Error:
		return l.refusal(e)
	case *errs.Code:
		return l.refusal(&errs.Error{Code: e})
	}
	text := err.Error()
	if said := l.word(text); said != text {
		return said
	}
	for _, inner := range wrapped(err) {
		text = strings.Replace(text, inner.Error(), l.Error(inner), 1)
	}
	return text
}

// wrapped are the errors directly in an error.
func wrapped(err error) []error {
	switch e := err.(type) { //nolint:errorlint // one layer is wanted
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	}
	return nil
}

// refusal says which field, which rule, what case, what next, as errs.Error does in English.
func (l Lang) refusal(e *errs.Error) string {
	s := e.Code.Name
	if e.Field != "" {
		s += "（" + e.Field + "）"
	}
	s += "：" + l.word(e.Code.Rule)
	if e.Detail != "" {
		s += "：" + e.Detail
	}
	return s + "。" + l.word(e.Code.Do)
}
