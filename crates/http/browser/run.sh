#!/usr/bin/env bash
# The walk through the explorer: bash crates/http/browser/run.sh [--if-there] [DIR for the screenshots]
#
# Wants node, npm, a Chromium (CHROMIUM names one that is not /usr/bin/chromium) and the folder of data sets that
# RELATA_DATA names. Where one is missing it says so and fails; with --if-there it says so and does not.
set -euo pipefail
cd "$(dirname "$0")"

missing_status=1
if [[ "${1:-}" == --if-there ]]; then
    missing_status=0
    shift
fi
missing() {
    printf '\n*** THE WALK THROUGH THE EXPLORER DID NOT RUN: %s ***\n\n' "$1" >&2
    exit "$missing_status"
}

command -v node > /dev/null || missing "there is no node"
node seal.mjs --check
node --test condition.test.mjs
command -v npm > /dev/null || missing "there is no npm"
[[ -x "${CHROMIUM:-/usr/bin/chromium}" ]] || missing "there is no ${CHROMIUM:-/usr/bin/chromium}"
export RELATA_DATA="${RELATA_DATA:-$(cd ../../../.. && pwd)/shared/data}"
[[ -d "$RELATA_DATA/northwind" ]] || missing "there is no $RELATA_DATA/northwind (RELATA_DATA names the folder)"

[[ -d node_modules/playwright-core ]] || npm ci --ignore-scripts --no-audit --no-fund
cargo build --quiet --package relata-http --example northwind
target="$(cargo metadata --format-version 1 --no-deps | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')"
node walk.mjs --out "${1:-$target/explorer}" --server "$target/debug/examples/northwind"
