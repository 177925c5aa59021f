package main

import (
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// speak finds the language before the command line is judged, for help and faults of the line are said in it too: --lang,
// TALLY_LANG, what the wallet's profile says, then the system's setting.
func (p *program) speak(args []string) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.ParseErrorsAllowlist.UnknownFlags = true
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.BoolP("help", "h", false, "")
	f.StringVar(&p.chosen, "lang", os.Getenv("TALLY_LANG"), "")
	home := f.String("home", defaultHome(), "")
	_ = f.Parse(args) // the command judges its line
	var err error
	if p.lang, err = lang.Parse(p.chosen); err == nil {
		return
	}
	if p.lang, err = lang.Parse(wallet.LangIn(*home)); err != nil {
		p.lang = lang.FromEnvironment(os.Getenv)
	}
}

// openLocked opens the wallet, which then speaks as this program does.
func (p *program) openLocked() (*wallet.Wallet, error) {
	w, err := wallet.Open(p.home)
	if err == nil {
		p.attune(w)
	}
	return w, err
}

// attune has a wallet speak this program's language; what programs read is alike in every one.
func (p *program) attune(w *wallet.Wallet) {
	if p.output != outputJSON {
		w.Lang = p.lang
	}
}

// adopt has a new wallet keep the language that was asked for, if one was.
func (p *program) adopt(w *wallet.Wallet) error {
	p.attune(w)
	if p.chosen == "" || w.Profile.Lang != "" {
		return nil
	}
	w.Profile.Lang = p.lang.String()
	return w.Save()
}

// note says something beside the answer.
func (p *program) note(format string, args ...any) { fmt.Fprint(p.err, p.lang.F(format, args...)) }

// told is an error for people.
func (p *program) told(err error) string {
	if said := ofLine(p.lang, err.Error()); !p.started && said != err.Error() {
		return said
	}
	return p.lang.Error(err)
}

// lineFaults are the command-line library's own sentences.
var lineFaults = []struct {
	fits *regexp.Regexp
	said string
}{
	{regexp.MustCompile(`^unknown command (".*") for (".*")`), "unknown command %s for %s"},
	{regexp.MustCompile(`^unknown flag: (\S+)$`), "unknown flag: %s"},
	{regexp.MustCompile(`^unknown shorthand flag: '(.)' in (\S+)$`), "unknown shorthand flag: '%s' in %s"},
	{regexp.MustCompile(`^flag needs an argument: (.+)$`), "flag needs an argument: %s"},
	{regexp.MustCompile(`^invalid argument (".*") for (".*") flag: (.+)$`), "invalid argument %s for %s flag: %s"},
	{regexp.MustCompile(`^required flag\(s\) (.+) not set$`), "required flag(s) %s not set"},
	{regexp.MustCompile(`^accepts (\d+) arg\(s\), received (\d+)$`), "accepts %s arg(s), received %s"},
	{regexp.MustCompile(`^accepts at most (\d+) arg\(s\), received (\d+)$`), "accepts at most %s arg(s), received %s"},
	{regexp.MustCompile(`^requires at least (\d+) arg\(s\), only received (\d+)$`), "requires at least %s arg(s), only received %s"},
	{regexp.MustCompile(`^at least one of the flags in the group \[(.+)\] is required$`), "at least one of the flags in the group [%s] is required"},
	{
		regexp.MustCompile(`^if any flags in the group \[(.+)\] are set they must all be set; missing \[(.+)\]$`),
		"if any flags in the group [%s] are set they must all be set; missing [%s]",
	},
	{
		regexp.MustCompile(`^if any flags in the group \[(.+)\] are set none of the others can be; \[(.+)\] were all set$`),
		"if any flags in the group [%s] are set none of the others can be; [%s] were all set",
	},
}

// ofLine says a fault of the command line in a language.
func ofLine(l lang.Lang, text string) string {
	if l == lang.English {
		return text
	}
	for _, one := range lineFaults {
		if found := one.fits.FindStringSubmatch(text); found != nil {
			var args []any
			for _, part := range found[1:] {
				args = append(args, part)
			}
			return l.F(one.said, args...)
		}
	}
	return text
}

// usage is the help of a command in another language than English.
const usage = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}%[1]s{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if gt (len .Aliases) 0}}

%[2]s
  {{.NameAndAliases}}{{end}}{{if .HasExample}}

%[3]s
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{if eq (len .Groups) 0}}

%[4]s{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

%[5]s
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

%[6]s
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasHelpSubCommands}}

%[7]s{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .CommandPath .CommandPathPadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableSubCommands}}

%[8]s{{end}}{{end}}
`

// translate has commands and flags described in the program's language.
func (p *program) translate(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if p.lang != lang.English {
		l := p.lang
		root.SetHelpTemplate(fmt.Sprintf(usage, l.Word("Usage:"), l.Word("Aliases:"), l.Word("Examples:"), l.Word("Available Commands:"), l.Word("Flags:"),
			l.Word("Global Flags:"), l.Word("Additional help topics:"), l.F(`Use "%s [command] --help" for more information about a command.`, "{{.CommandPath}}")))
	}
	p.translateOne(root)
}

func (p *program) translateOne(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.Short, c.Long, c.Example = p.lang.Word(c.Short), p.lang.Word(c.Long), p.lang.Word(c.Example)
	for _, g := range c.Groups() {
		g.Title = p.lang.Word(g.Title)
	}
	said := func(f *pflag.Flag) {
		if f.Name == "help" {
			f.Usage = p.lang.F("help for %s", c.Name())
			return
		}
		f.Usage = p.lang.Word(f.Usage)
	}
	c.LocalNonPersistentFlags().VisitAll(said)
	c.PersistentFlags().VisitAll(said)
	for _, one := range c.Commands() {
		p.translateOne(one)
	}
}

// choices are the values of flags that take one of a few, for shells to complete.
var choices = map[string][]string{
	"lang":   {"zh", "en"},
	"output": {outputTable, outputJSON},
	"kind":   {"secp256k1", "p256", "sm2"},
	"format": {formTable, formCSV, formPDF, formCamt},
}

// complete tells shells what flags take.
func (p *program) complete(c *cobra.Command) {
	for name, values := range choices {
		if c.LocalNonPersistentFlags().Lookup(name) == nil && c.PersistentFlags().Lookup(name) == nil {
			continue
		}
		if err := c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // a flag that the command has not, or twice
		}
	}
	for _, one := range c.Commands() {
		p.complete(one)
	}
}
