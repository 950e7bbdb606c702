#!/bin/sh
# Makes the virtual environment hold the locked packages of the sets named: install.sh web inference
#
# A stamp holds the digest of the lock files it was made from, and is written last: a second run
# has nothing to do, a changed lock installs, an interrupted install is done again.
set -eu

PYTHON=${PYTHON:-python3}
VENV=${STT_VENV:-.venv}
here=$(dirname "$0")

fail() {
    echo "open-stt: $1" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null 2>&1 ||
    fail "There is no $PYTHON here. Install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version 2>&1) is too old: Python 3.11 or newer is needed. Another one: make PYTHON=/path/to/python3"

# Of each set, newest interpreter and lock: what the stamp must say.
digest() {
    for name in "$@"; do cat "$here/$name.txt"; done |
        "$PYTHON" -c 'import hashlib, sys; print(sys.version_info[:2], hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

# dev holds the other sets, so an environment made for it serves them too.
holds() {
    stamp="$VENV/.installed-$(echo "$@" | tr ' ' '-')"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(digest "$@")" ] && [ -x "$VENV/bin/python" ]
}
holds "$@" || holds dev || {
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$PYTHON has no ensurepip, so it can't make a virtual environment. On Debian and Ubuntu: apt install python3-venv"
    echo "open-stt: Installing $* into $VENV (a minute or two, once)."
    rm -f "$VENV"/.installed-*
    # A half-made environment of an interrupted start is made anew.
    [ -x "$VENV/bin/pip" ] || "$PYTHON" -m venv --clear "$VENV"
    files=
    for name in "$@"; do files="$files -r $here/$name.txt"; done
    # What is imported gets compiled then; compiling all of it here takes longer than fetching it.
    # shellcheck disable=SC2086
    "$VENV/bin/python" -m pip install -qq --no-compile --disable-pip-version-check --no-input --require-hashes $files ||
        fail "The packages could not be installed; the lines above say why. Run the same command again to go on."
    digest "$@" >"$VENV/.installed-$(echo "$@" | tr ' ' '-')"
}

# The CUDA libraries, where an NVIDIA driver is: hashed, so pip takes them by themselves. Without them
# the service says why it uses the CPU, so a failure here ends nothing.
has_gpu() {
    [ "${STT_DEVICE:-auto}" != cpu ] || return 1
    command -v nvidia-smi >/dev/null 2>&1 || [ -e "${STT_GPU_FILE:-/dev/nvidia0}" ]
}
case " $* " in *" inference "* | *" dev "*) wants_gpu=yes ;; *) wants_gpu= ;; esac
if [ "$wants_gpu" ] && [ -f "$here/inference-gpu.txt" ] && has_gpu && ! holds inference-gpu; then
    echo "open-stt: Installing the GPU's libraries into $VENV (0.7 GB, once)."
    if "$VENV/bin/python" -m pip install -qq --no-compile --disable-pip-version-check --no-input --no-deps \
        --require-hashes -r "$here/inference-gpu.txt"; then
        digest inference-gpu >"$VENV/.installed-inference-gpu"
    else
        echo "open-stt: The GPU's libraries could not be installed; the lines above say why. The CPU is used; run the same command again to try once more." >&2
    fi
fi
