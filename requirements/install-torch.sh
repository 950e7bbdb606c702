#!/bin/sh
# Makes the torch engines' environment hold one locked set: install-torch.sh inference-torch
# With inference-torch-f5, F5-TTS as well. STT_TORCH_VENV: where (.venv-torch).
#
# A stamp holds the digest of the lock that it was made from, and is written last: a second run has
# nothing to do, a changed lock installs, an interrupted install goes on.
set -eu

PYTHON=${PYTHON:-python3}
VENV=${STT_TORCH_VENV:-.venv-torch}
here=$(dirname "$0")
set=${1:-inference-torch}
needed_mb=9000

fail() {
    echo "open-stt: $1" >&2
    exit 1
}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null ||
    fail "The torch engines are locked for Python 3.11. Say where it is: make torch PYTHON=/path/to/python3.11"

digest() {
    "$PYTHON" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$here/$1.txt"
}
holds() {
    [ -x "$VENV/bin/python" ] && [ -f "$VENV/.installed" ] && grep -q "^$1 $(digest "$1")\$" "$VENV/.installed"
}
# F5's set holds the other one.
holds "$set" || { [ "$set" = inference-torch ] && holds inference-torch-f5; } || {
    mkdir -p "$VENV"
    free_mb=$(df -Pm "$VENV" | awk 'NR == 2 { print $4 }')
    [ -x "$VENV/bin/pip" ] || [ "$free_mb" -ge "$needed_mb" ] ||
        fail "The torch engines need $needed_mb MB on the disk of $VENV, and $free_mb MB are free."
    echo "open-stt: Installing the torch engines into $VENV (3 GB to fetch, 7.6 GB on disk, once)."
    rm -f "$VENV/.installed"
    [ -x "$VENV/bin/pip" ] || "$PYTHON" -m venv --clear "$VENV"
    "$VENV/bin/python" -m pip install -qq --no-compile --disable-pip-version-check --no-input \
        --require-hashes -r "$here/$set.txt" ||
        fail "The packages could not be installed; the lines above say why. Run the same command again to go on."
    echo "$set $(digest "$set")" >"$VENV/.installed"
}
