#!/usr/bin/env bash
# Random requests by the OpenAPI document: no answer is a 5xx, and none breaks the document. Installs what it needs in a
# temporary folder; run by hand. The server is that of the example, on data that is thrown away.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q schemathesis==4.32.5 openapi-spec-validator==0.9.0
cargo build -p relata-http --example northwind
./target/debug/examples/northwind --port 0 > "$folder/log" &
server=$!
until grep -q 'at http' "$folder/log"; do kill -0 "$server"; sleep 0.2; done
address=$(sed -n 's/.*at \(http.*\)/\1/p' "$folder/log")

curl -sf "${address}openapi.json" > "$folder/openapi.json"
"$folder/venv/bin/python3" - "$folder/openapi.json" <<'PYTHON'
import json, sys
from openapi_spec_validator import validate
validate(json.load(open(sys.argv[1])))
print("the document is valid")
PYTHON
cd "$folder"
"$folder/venv/bin/schemathesis" run "${address}openapi.json" --phases fuzzing --seed "${SEED:-1}" \
    --max-examples "${EXAMPLES:-20}" --workers 1 --no-color --warnings off --exclude-path /changes \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
