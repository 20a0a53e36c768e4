#!/usr/bin/env bash
# Build the images for real, run them for real, and compare what they answer with what this machine answers.
#   scripts/e2e.sh [arguments of pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${ENGINE:-}" ] || exec scripts/in_engine.sh scripts/e2e.sh "$@"

.venv/sam/bin/sam build --build-dir .e2e/build --parameter-overrides "BaseImage=$BASE_IMAGE"
for target in full slim space; do
  "$ENGINE" build --target "$target" --build-arg "BASE_IMAGE=$BASE_IMAGE" --tag "localhost/mammo-core:$target" .
done
.venv/bin/python -m pytest -m e2e tests/container "$@"
echo "make e2e: $(date +'%-d %B %Y'), $("$ENGINE" --version), base $BASE_IMAGE, $((SECONDS / 60)) min $((SECONDS % 60)) s in all"
