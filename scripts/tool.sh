#!/usr/bin/env bash
# Prints the path of a Go tool at one exact version, installing it if it is not there yet:
#
#   scripts/tool.sh NAME PACKAGE MODULE VERSION
#
# A binary in PATH or in GOPATH/bin is taken if it was built from exactly that version; otherwise the tool is
# built once into the user's cache. A module of its own keeps a tool's dependencies out of go.mod.
set -euo pipefail

if [ $# -ne 4 ]; then
  echo "usage: scripts/tool.sh NAME PACKAGE MODULE VERSION" >&2
  exit 2
fi
name=$1 package=$2 module=$3 version=$4

is_version() { # $1: a binary
  [ -x "$1" ] && go version -m "$1" 2>/dev/null |
    awk -v m="$module" -v v="$version" '$1 == "mod" && $2 == m && $3 == v { found = 1 } END { exit !found }'
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/splittally/tools/$name-$version
for candidate in "$(command -v "$name" || true)" "$(go env GOPATH)/bin/$name" "$cache/$name"; do
  if [ -n "$candidate" ] && is_version "$candidate"; then
    echo "$candidate"
    exit 0
  fi
done

echo "building $name $version into $cache (once; some minutes)" >&2
mkdir -p "$cache"
# From outside of this module, so that neither its go.mod nor its replaces have a say.
(cd "$cache" && GOBIN=$cache GOFLAGS='' GOWORK=off go install "$package@$version") >&2
echo "$cache/$name"
