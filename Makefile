# One command per habit. Everything runs from .venv, which these targets make from the hashed requirements files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo keras test test-full e2e browser cold-start bench check template format lock serve train train-phantom clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(BIN)/uv:
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v.major}.{v.minor}; name another with: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

$(VENV)/.serve: $(BIN)/uv requirements/serve.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/serve.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.keras: $(VENV)/.serve requirements/keras.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/keras.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# Tools that pin old versions of packages we share: an environment of their own each.
$(VENV)/%/.tool: requirements/%.txt $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)/$*
	$(BIN)/uv pip install --quiet --python $(VENV)/$*/bin/python --require-hashes -r $<
	@touch $@

demo: $(VENV)/.serve ## the main job: a sample mammogram through the Lambda handler; pictures in out/
	$(BIN)/python scripts/demo.py --out out

keras: $(VENV)/.keras ## TensorFlow too: to compile .keras models, or to serve them as they are

test: $(VENV)/.dev $(VENV)/sam/.tool ## everything a change must pass
	$(BIN)/python -m pytest

test-full: $(VENV)/.dev $(VENV)/sam/.tool ## all of make test, every architecture, 1,000 events with faults, and 5,000 mutated files
	$(BIN)/python -m pytest -m "not e2e and not browser" --fuzz-cases=5000

e2e: $(VENV)/.dev $(VENV)/sam/.tool ## build the images and run them: Docker, else podman, which it installs (minutes, root)
	scripts/e2e.sh

browser: $(VENV)/.dev $(VENV)/sam/.tool ## use the page in Chromium; Debian's, which it installs (root), or BROWSER=path
	scripts/browser.sh

cold-start: $(VENV)/.dev $(VENV)/sam/.tool ## measure cold starts, memory and image sizes; after make e2e
	scripts/in_engine.sh $(BIN)/python -m benchmarks.cold_start

check: $(VENV)/.dev template ## format, lint, types, template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

template: $(VENV)/.dev $(VENV)/sam/.tool $(VENV)/checkov/.tool ## sam validate, cfn-lint before and after the transformation, checkov
	$(BIN)/python scripts/check_template.py

format: $(VENV)/.dev ## rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: $(VENV)/.serve ## the same application on http://127.0.0.1:8000
	$(BIN)/mammo serve

bench: $(VENV)/.dev ## measure the explanation, and write the table of docs/compile.md (half an hour)
	$(BIN)/python -m benchmarks.explanation --write docs/compile.md

train: $(VENV)/.dev ## train on mammograms and measure: RSNA=, FILMS= (data), CACHE= (hours; resumes); VERSION= replaces the model
	PYTHON=$(BIN)/python scripts/train.sh "$(RSNA)" "$(FILMS)" "$(CACHE)" "$(VERSION)"

train-phantom: $(VENV)/.dev ## train the model of tests again, on phantoms (minutes)
	$(BIN)/python -m training.phantom_model --out tests/fixtures

clean: ## remove the environment and what commands wrote
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache

lock: $(BIN)/uv ## resolve the versions again into the hashed requirements files
	UV=$(BIN)/uv scripts/lock.sh
