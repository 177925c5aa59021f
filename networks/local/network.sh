#!/bin/sh
# A consortium of four members on one machine, made by hand as four members would make it on four.
# usage: network.sh make | start | stop | status   with DIR (default ./local-network), TALLYD and TALLY naming the programs
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${DIR:-local-network}
tallyd=${TALLYD:-tallyd}
tally=${TALLY:-tally}
chain=local-1
members="hanhai linjiang anping operations"

# What each member is: its credential, its roles, and how many suppliers it may admit.
terms() {
	case $1 in
	hanhai) echo "--uscc 91310000MA1DEM000T --roles core_enterprise --supplier-quota 1000" ;;
	linjiang) echo "--uscc 91310000MA1DEM001X --roles bank,guarantor,financier --supplier-quota 1000" ;;
	anping) echo "--uscc 91310000MA1DEM0021 --roles financier" ;;
	operations) echo "--uscc 91310000MA1DEM0034 --roles operator" ;;
	esac
}

make_network() {
	if [ -e "$dir" ]; then
		echo "network.sh: $dir is there already: remove it, or name another folder with DIR" >&2
		exit 1
	fi
	mkdir -p "$dir"
	chmod 700 "$dir"
	offers=""
	for m in $members; do
		home=$dir/$m/node
		mkdir -p "$dir/$m"
		# A passphrase and words of one's own, kept apart, are for real networks.
		(umask 077 && head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/$m/passphrase" && echo >>"$dir/$m/passphrase")
		export TALLY_PASSPHRASE_FILE="$dir/$m/passphrase"
		"$tallyd" init --home "$home" >/dev/null
		cp "$here/$m.toml" "$home/config/tallyd.toml"
		"$tally" keys new --home "$dir/$m/wallet" --words-file "$dir/$m/words" >/dev/null
		# shellcheck disable=SC2046 # the terms are words
		"$tallyd" genesis offer --home "$home" --chain $chain $(terms "$m") --seat --power 10 \
			--key "$dir/$m/wallet/key.json=$m" --out "$dir/$m/offer.json"
		offers="$offers $dir/$m/offer.json"
	done
	# shellcheck disable=SC2086 # the offers are words
	"$tallyd" genesis assemble --chain $chain --time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --utc-offset +08:00 --out "$dir/genesis" $offers
	acceptances=""
	for m in $members; do
		export TALLY_PASSPHRASE_FILE="$dir/$m/passphrase"
		"$tallyd" genesis accept "$dir/genesis/genesis.json" --home "$dir/$m/node" --key "$dir/$m/wallet/key.json" --out "$dir/$m/acceptance.json"
		"$tallyd" genesis install "$dir/genesis/genesis.json" --home "$dir/$m/node" >/dev/null
		acceptances="$acceptances $dir/$m/acceptance.json"
	done
	# shellcheck disable=SC2086 # the acceptances are words
	"$tallyd" genesis collect "$dir/genesis/genesis.json" $acceptances
}

start_network() {
	for m in $members; do
		"$tallyd" start --home "$dir/$m/node" 2>>"$dir/$m/tallyd.log" &
		echo $! >"$dir/$m/pid"
	done
	echo "four nodes start; 'network.sh status' looks them over, their logs are in $dir/*/tallyd.log"
}

stop_network() {
	for m in $members; do
		if [ -e "$dir/$m/pid" ]; then
			kill -TERM "$(cat "$dir/$m/pid")" 2>/dev/null || true
			while kill -0 "$(cat "$dir/$m/pid")" 2>/dev/null; do sleep 0.1; done
			rm "$dir/$m/pid"
		fi
	done
}

status_network() {
	for m in $members; do
		echo "$m"
		"$tallyd" doctor --home "$dir/$m/node" || true
	done
}

case ${1:-} in
make) make_network ;;
start) start_network ;;
stop) stop_network ;;
status) status_network ;;
*)
	sed -n '2,3s/^# //p' "$0"
	exit 2
	;;
esac
