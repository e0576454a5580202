#!/usr/bin/env bash
# Asks LoopBack 4 and relata's routes the same, and writes docs/loopback-answers.md. Fails where they differ without a reason.
# It needs Node 20 or later, and the npm registry the first time.
set -euo pipefail
cd "$(dirname "$0")"

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cargo build --quiet -p relata-http --example shop
target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')
node compare.mjs "$target/debug/examples/shop" ../../../docs/loopback-answers.md
