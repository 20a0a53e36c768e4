#!/usr/bin/env bash
# Build the images for real, run them for real, and compare what they answer with what this machine answers.
#   scripts/e2e.sh [arguments of pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
engine=$(scripts/container_engine.sh)
while IFS= read -r line; do export "${line?}"; done <<<"$engine"
# SAM wants a region and credentials even where it talks to nobody.
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing

.venv/sam/bin/sam build --build-dir .e2e/build --parameter-overrides "BaseImage=$BASE_IMAGE"
for target in full slim space; do
  "$ENGINE" build --target "$target" --build-arg "BASE_IMAGE=$BASE_IMAGE" --tag "localhost/mammo-core:$target" .
done
.venv/bin/python -m pytest -m e2e tests/container "$@"
