#!/usr/bin/env bash
# Builds what a supplier installs, into dist/: tally as one static file for each system, man pages, shell completion, and
# the SHA-256 of everything. The same commit gives the same bytes on any machine with the same Go.
#
#   scripts/release.sh [SYSTEM/ARCH ...]   all six if none is given
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64)
fi
version=$(git describe --tags --always --dirty 2>/dev/null || echo unknown)

rm -rf dist
mkdir -p dist/man dist/completion
for target in "${targets[@]}"; do
  os=${target%/*} arch=${target#*/} suffix=
  if [ "$os" = windows ]; then
    suffix=.exe
  fi
  CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -ldflags "-s -w -X main.version=$version" \
    -o "dist/tally-$os-$arch$suffix" ./cmd/tally
  echo "dist/tally-$os-$arch$suffix"
done

own=dist/tally-$(go env GOOS)-$(go env GOARCH)
if [ ! -x "$own" ]; then
  own=$(mktemp)
  trap 'rm -f "$own"' EXIT
  CGO_ENABLED=0 go build -o "$own" ./cmd/tally
fi
# In a language each, whatever this machine speaks: man finds the second by LANG once it is in share/man/zh_CN/man1.
"$own" --lang en man dist/man
"$own" --lang zh man dist/man/zh_CN
for shell in bash zsh fish powershell; do
  "$own" --lang en completion "$shell" >"dist/completion/tally.$shell"
done
(cd dist && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
