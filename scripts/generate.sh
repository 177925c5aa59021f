#!/usr/bin/env bash
# Makes the Go code of every .proto file, with pinned tools and without a network:
#
#   scripts/generate.sh [DIR ...]   format, lint, generate; only beneath the DIRs if any are given
#   scripts/generate.sh --check     change nothing; fail if a file is not what its .proto makes
#
# Messages go beside their .proto (x.pb.go), services into the package beneath it (xv1connect/x.connect.go).
set -euo pipefail
cd "$(dirname "$0")/.."

check=false
if [ "${1:-}" = --check ]; then
  check=true
  shift
fi
paths=()
for dir in "$@"; do
  paths+=(--path "${dir%/}")
done

if [ -z "$(find . -name '*.proto' -not -path './.*' -print -quit)" ]; then
  echo "generate: there is no .proto file" >&2
  exit 1
fi
buf=$(scripts/tool.sh buf github.com/bufbuild/buf/cmd/buf github.com/bufbuild/buf v1.75.0)
config=(--config scripts/buf.yaml)

# What generation makes, found by name: nothing else may carry these names.
generated() { # $1: a directory
  (cd "$1" && find . \( -name '*.pb.go' -o -name '*.connect.go' \) -not -path './.*' | sed 's|^\./||' | LC_ALL=C sort)
}

if ! $check; then
  "$buf" format "${config[@]}" "${paths[@]}" -w
  "$buf" lint "${config[@]}" "${paths[@]}"
  "$buf" generate "${config[@]}" --template scripts/buf.gen.yaml "${paths[@]}"
  exit 0
fi

if [ ${#paths[@]} -ne 0 ]; then
  echo "generate: --check looks at the whole tree and takes no directory" >&2
  exit 2
fi
"$buf" format "${config[@]}" --diff --exit-code
"$buf" lint "${config[@]}"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"$buf" generate "${config[@]}" --template scripts/buf.gen.yaml --output "$fresh"

faults=0
for file in $( (generated . && generated "$fresh") | LC_ALL=C sort -u); do
  if [ ! -e "$fresh/$file" ]; then
    echo "generate: $file is made by no .proto: delete it" >&2
  elif [ ! -e "$file" ]; then
    echo "generate: $file is missing: run scripts/generate.sh and commit it" >&2
  elif ! diff -u --label "$file (in the tree)" --label "$file (generated)" "$file" "$fresh/$file" >&2; then
    echo "generate: $file is not what its .proto makes: run scripts/generate.sh and commit it" >&2
  else
    continue
  fi
  faults=$((faults + 1))
done
if [ "$faults" -ne 0 ]; then
  exit 1
fi
echo "generate: $(generated . | wc -l) files are what their .proto files make"
