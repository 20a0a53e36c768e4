#!/usr/bin/env bash
# Run a command with a container engine at hand: scripts/in_engine.sh COMMAND...
set -euo pipefail
cd "$(dirname "$0")/.."
engine=$(scripts/container_engine.sh)
while IFS= read -r line; do export "${line?}"; done <<<"$engine"
# SAM wants a region and credentials even where it talks to nobody.
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing
exec "$@"
