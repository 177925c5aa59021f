package node

// fields explains every field of the configuration, in the order of the file that init writes.
var fields = []struct{ name, help string }{
	{"member", `The name of the member whose node this is, as other members know it.`},
	{"gate_listen", `The public port for wallets and programs, host:port.`},
	{"p2p_listen", `Where other members' nodes connect, host:port.`},
	{"p2p_external", `What other nodes are told to connect to, host:port; empty: p2p_listen.`},
	{"peers", `Other members' nodes: ["ID@host:port", ...], the id with 40 hex digits.`},
	{"rpc_listen", `The engine's own port, for this node's operator alone: a loopback address, or empty for none.`},
	{"metrics_listen", `Serves /metrics for Prometheus, and /healthz and /ready, without encryption: host:port of an inner network, or empty for none.`},
	{"block_wait_ms", `How long a validator waits after a block so that more transactions share the next, in milliseconds, 0 to 10000.`},
	{"idle_wait_ms", `How long the proposer of an idle chain waits for a transaction, in milliseconds, 0 to 1000.`},
	{"node_cache_mib", `Memory for tree and values, in MiB, 32 or more: the more of the state it holds, the faster the blocks.`},
	{"block_cache_mib", `Memory of the database for reading, in MiB, 8 or more.`},
	{"write_buffer_mib", `Memory of the database for writing, in MiB, 4 to 1024; twice as much at worst.`},
	{"double_sign_check_blocks", `Keeps a validator from starting while so many last blocks have a signature of its key. Leave it at 0: what keeps it from signing
twice is data/priv_validator_state.json, which must never be copied or put back. 'tallyd restore' sees to the first start by itself.`},
	{"proof_heights", `How many heights back state can be proven, 10 to 100000; proof_seconds holds too.`},
	{"proof_seconds", `How many seconds back state can be proven, 10 to 86400; proof_heights holds too.`},
	{"calls_per_second", `What one account may ask of the gate, calls a second.`},
	{"log_level", `debug, info, warn or error.`},
	{"log_format", `text or json.`},
	{"log_file", `Takes the log in place of standard error; empty where systemd keeps it. A relative path is under the home. SIGHUP opens it anew.`},
	{"log_max_mib", `The size at which log_file is put aside, in MiB.`},
	{"log_keep", `How many files that were put aside are kept.`},
	{"snapshot_every_blocks", `Makes a snapshot, from which new nodes begin, at each height that this number divides; 0: none.`},
	{"snapshots_kept", `How many of the newest snapshots are kept, 1 to 100; each should stay for some minutes, or who joins from it finds it gone.`},
	{"state_sync_trust_height", `With state_sync_trust_hash a header that another member has told you over another way: a node without blocks then begins from a
peer's snapshot instead of all blocks. It then has no events and outcomes of the blocks before. 0: it begins with the first block.`},
	{"state_sync_trust_hash", `The hash of that header, 64 hex digits, not older than 14 days.`},
	{"state_sync_gates", `Gates of two or more members that show headers: ["NAME=PIN@host:port", ...], the member's name and the pin with 64 hex digits.`},
	{"remote_signer_listen", `Where the one signer connects that has the validator's key, IP:port of an inner network; empty: the key is in this home.`},
	{"remote_signer_key", `The public key of that signer, 64 hex digits: 'tallyd signer key' shows it on its machine.`},
	{"check_invariants", `Checks every invariant after every block: slow, for tests.`},
}
