#!/usr/bin/env bash
# Use the page in a real browser: the one that BROWSER names, else one that is installed, else Debian's Chromium, which
# is installed; without apt or root, the one that playwright brings.
set -euo pipefail
cd "$(dirname "$0")/.."
browser=${BROWSER:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$browser" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get update -qq
    apt-get install --yes --no-install-recommends chromium fonts-dejavu-core > /dev/null
    browser=$(command -v chromium)
  else
    .venv/bin/playwright install chromium
  fi
fi
BROWSER=$browser exec .venv/bin/python -m pytest tests/browser -m browser "$@"
