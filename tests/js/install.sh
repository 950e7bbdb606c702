#!/bin/sh
# Makes node_modules hold the locked packages of package-lock.json: the tools that check the pages'
# scripts, and lint the documents of the API. They lie in the cache, once for all checkouts with the same lock; the checkout has a link.
#
# Without Node.js it exits with 3, and says so: `make run` and the product need none.
set -eu

cd "$(dirname "$0")/../.."
CACHE=${STT_TEST_CACHE:-$HOME/.cache/open-stt}

is_new='const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
command -v npm >/dev/null 2>&1 && node -e "$is_new" || {
    echo "open-stt: The pages' scripts were NOT checked: there is no Node.js (20.19 or newer) here." >&2
    exit 3
}
digest=$(sha256sum <package-lock.json | cut -c1-16)
folder="$CACHE/node-$digest"
[ -f "$folder/installed" ] || {
    echo "open-stt: Installing the checks of the pages' scripts into $folder (160 MB, once)."
    mkdir -p "$folder"
    cp package.json package-lock.json "$folder"
    (cd "$folder" && npm ci --silent --ignore-scripts --no-audit --no-fund)
    touch "$folder/installed" # last: an interrupted install is done again
}
[ "$(readlink node_modules || true)" = "$folder/node_modules" ] || {
    [ -L node_modules ] || [ ! -e node_modules ] || {
        echo "open-stt: node_modules is not ours; remove it and try again." >&2
        exit 1
    }
    ln -sfn "$folder/node_modules" node_modules
}
