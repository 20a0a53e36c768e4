#!/usr/bin/env bash
# Resolve every version again into hashed requirements files: one version of a package for all Pythons we support,
# so that what is tested on one is what runs on another.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() {
  "$uv" pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
    --custom-compile-command "make lock" -c requirements/constraints.in "$@"
}
compile requirements/uv.in -o requirements/uv.txt
compile pyproject.toml requirements/build.in --extra keras --extra lambda --extra dev -o requirements/dev.txt
compile pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/serve.txt
compile pyproject.toml requirements/build.in --extra keras -c requirements/dev.txt -o requirements/keras.txt
for layer in layers/*.in; do
  compile "$layer" -c requirements/dev.txt -o "${layer%.in}.txt"
done
# Tools that pin old versions of packages we share: an environment of their own each.
for tool in sam checkov; do
  compile "requirements/$tool.in" -o "requirements/$tool.txt"
done
