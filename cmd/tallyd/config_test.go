package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wrongFields are values that a node does not start with; what comes behind the field is what the refusal must say.
var wrongFields = map[string][]struct{ value, says string }{
	"member":                   {{`7`, "member"}, {`"` + strings.Repeat("x", 201) + `"`, "member: 201 bytes, at most 200"}},
	"gate_listen":              {{`""`, "gate_listen"}, {`"localhost"`, `gate_listen: "localhost" is no host:port`}, {`26443`, "gate_listen"}},
	"p2p_listen":               {{`"127.0.0.1:65536"`, "p2p_listen"}},
	"p2p_external":             {{`"node.example"`, "p2p_external"}},
	"peers":                    {{`"one"`, "peers"}, {`["127.0.0.1:1"]`, "peers[0]"}, {`[1]`, "peers"}},
	"rpc_listen":               {{`"0.0.0.0:26657"`, "would show everybody's data"}, {`"rpc"`, "rpc_listen"}},
	"metrics_listen":           {{`":metrics"`, "metrics_listen"}},
	"block_wait_ms":            {{`-1`, "block_wait_ms: -1 is outside of 0 to 10000"}, {`"100"`, "block_wait_ms"}, {`1.5`, "block_wait_ms"}},
	"idle_wait_ms":             {{`1001`, "idle_wait_ms: 1001 is outside of 0 to 1000"}},
	"node_cache_mib":           {{`31`, "node_cache_mib: 31 is outside of 32"}},
	"block_cache_mib":          {{`0`, "block_cache_mib: 0 is outside of 8"}},
	"write_buffer_mib":         {{`3`, "write_buffer_mib: 3 is outside of 4"}},
	"double_sign_check_blocks": {{`1001`, "double_sign_check_blocks"}},
	"proof_heights":            {{`9`, "proof_heights: 9 is outside of 10"}},
	"proof_seconds":            {{`"60 s"`, "proof_seconds"}},
	"calls_per_second":         {{`0`, "calls_per_second: 0 is outside of 1"}},
	"log_level":                {{`"loud"`, `log_level: "loud" is none of: debug info warn error`}},
	"log_format":               {{`"xml"`, `log_format: "xml" is none of: text json`}},
	"check_invariants":         {{`"yes"`, "check_invariants"}},
	"log_file":                 {{`7`, "log_file"}},
	"log_max_mib":              {{`0`, "log_max_mib: 0 is outside of 1"}},
	"log_keep":                 {{`0`, "log_keep: 0 is outside of 1"}},
	"snapshot_every_blocks":    {{`-1`, "snapshot_every_blocks: -1 is outside of 0"}},
	"snapshots_kept":           {{`0`, "snapshots_kept: 0 is outside of 1 to 100"}, {`101`, "snapshots_kept"}},
	"state_sync_trust_height":  {{`-1`, "state_sync_trust_height"}, {`7`, "set both, or none"}},
	"state_sync_trust_hash":    {{`"abc"`, "state_sync_trust_hash"}, {`"` + strings.Repeat("ab", 32) + `"`, "set both, or none"}},
	"state_sync_gates":         {{`["127.0.0.1:1"]`, "state_sync_gates[0]"}, {`["` + strings.Repeat("ab", 32) + `@host:1"]`, "whose gate it is"}, {`["A=` + strings.Repeat("ab", 32) + `@host"]`, "no host:port"}},
	"remote_signer_listen":     {{`"nowhere"`, "remote_signer_listen"}, {`"127.0.0.1:1"`, "set both, or none"}},
	"remote_signer_key":        {{`"` + strings.Repeat("ab", 32) + `"`, "set both, or none"}},
}

// made is a node's home and its configuration as it was made.
func made(t *testing.T) (home, file string, content []byte) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "node")
	if _, _, err := inProcess(t, "init", "--home", home, "--gate", "127.0.0.1:0", "--p2p", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(home, "config", "tallyd.toml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return home, file, content
}

// Each field of the file is spoilt alone: start, verify and export name it before they touch anything.
func TestBrokenConfigurationFieldByField(t *testing.T) {
	home, file, content := made(t)
	for _, line := range strings.Split(strings.TrimSpace(string(content)), "\n") {
		name, _, _ := strings.Cut(line, " = ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, ok := wrongFields[name]; !ok {
			t.Errorf("the field %s of tallyd.toml has no row in this table", name)
		}
	}
	for name, all := range wrongFields {
		row := regexp.MustCompile(`(?m)^` + name + ` = .*$`)
		if !row.Match(content) {
			t.Errorf("init does not write the field %s", name)
			continue
		}
		for _, wrong := range all {
			spoilt := row.ReplaceAll(content, []byte(name+" = "+wrong.value))
			if err := os.WriteFile(file, spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"start", "verify", "export"} {
				out, _, err := inProcess(t, command, "--home", home)
				if err == nil || out != "" || !strings.Contains(err.Error(), "configuration") || !strings.Contains(err.Error(), wrong.says) {
					t.Errorf("%s with %s = %.40s: %v; want %q in it", command, name, wrong.value, err, wrong.says)
				}
			}
		}
	}
}

func TestConfigurationThatCannotBeRead(t *testing.T) {
	home, file, content := made(t)
	for name, tc := range map[string]struct{ content, says string }{
		"a field that nobody knows": {string(content) + "gate_listens = \"127.0.0.1:1\"\n", "gate_listens: there is no such field; the fields are"},
		"no TOML":                   {"gate_listen: 127.0.0.1:1", "tallyd.toml"},
		"cut off":                   {string(content[:bytes.Index(content, []byte("gate_listen"))+len(`gate_listen = "127`)]), "tallyd.toml"},
		"a field twice":             {string(content) + "log_level = \"info\"\n", "log_level"},
	} {
		if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := inProcess(t, "start", "--home", home); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v; want %q in it", name, err, tc.says)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, _, err := inProcess(t, "start", "--home", home); err == nil || !strings.Contains(err.Error(), "'tallyd init' makes one") {
		t.Errorf("none: %v", err)
	}
}

// An identity that is damaged is a refusal that names the file, not a new identity.
func TestDamagedIdentity(t *testing.T) {
	for _, name := range []string{"config/node_key.json", "config/gate.crt", "config/gate.key"} {
		home, _, _ := made(t)
		copyGenesis(t, home)
		damaged := filepath.Join(home, name)
		if err := os.WriteFile(damaged, []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := inProcess(t, "start", "--home", home); err == nil {
			t.Errorf("%s is garbage, and the node ran", name)
		}
		if b, err := os.ReadFile(damaged); err != nil || string(b) != "garbage" {
			t.Errorf("%s was replaced: %v", name, err)
		}
	}
}
