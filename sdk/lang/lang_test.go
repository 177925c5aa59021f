package lang

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Lang{
		"zh": Chinese, "ZH": Chinese, "zh-CN": Chinese, "zh_CN.UTF-8": Chinese, "zh-Hans-CN": Chinese, "en": English, "en_GB.UTF-8": English, "C": English,
		"C.UTF-8": English, "POSIX": English,
	} {
		if got, err := Parse(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "de", "zhe", "english", ".zh"} {
		if got, err := Parse(text); got != English || !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if English.String() != "en" || Chinese.String() != "zh" {
		t.Error(English, Chinese)
	}
}

// The first variable that is set decides, whatever it says.
func TestFromEnvironment(t *testing.T) {
	for _, c := range []struct {
		all, messages, lang string
		want                Lang
	}{
		{"", "", "", English},
		{"", "", "zh_CN.UTF-8", Chinese},
		{"", "zh_CN", "en_US", Chinese},
		{"", "en_US", "zh_CN", English},
		{"zh", "en_US", "en_US", Chinese},
		{"C", "zh_CN", "zh_CN", English},
		{"de_DE", "zh_CN", "zh_CN", English},
	} {
		env := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		if got := FromEnvironment(func(name string) string { return env[name] }); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// Errors are said through every wrapping, and lose nothing of what has no Chinese.
func TestError(t *testing.T) {
	known := errors.New("not found")
	for want, err := range map[string]error{
		"未找到":                 known,
		"未找到：没有凭证 3fa2":       Errorf("%w: there is no voucher %s", known, "3fa2"),
		"未找到: row 7 of x.csv": fmt.Errorf("%w: row 7 of x.csv", known),
		"file: 未找到：没有凭证 3fa2": fmt.Errorf("file: %w", Errorf("%w: there is no voucher %s", known, "3fa2")),
		"未找到\n节点给出的清单不完整":     errors.Join(known, errors.New("the node's list is not complete")),
		"未找到 and 节点给出的清单不完整":  fmt.Errorf("%w and %w", known, errors.New("the node's list is not complete")),
		"connection refused":  errors.New("connection refused"),
		"未找到：没有凭证 \"%s\"":     Errorf("%w: there is no voucher %s", known, `"%s"`),
	} {
		if got := Chinese.Error(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	one := Errorf("%w: there is no voucher %s", known, "3fa2")
	if !errors.Is(one, known) || one.Error() != "not found: there is no voucher 3fa2" || English.Error(one) != one.Error() {
		t.Error(one)
	}
	if Chinese.Error(nil) != "" || English.Error(nil) != "" {
		t.Error("nil is said")
	}
	if strings.Contains(Chinese.Error(Errorf("unheard of: %w", known)), "%") {
		t.Error(Chinese.Error(Errorf("unheard of: %w", known)))
	}
}
