# One command per habit. Everything runs from .venv, which these targets make from the hashed requirements files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-full check format lock serve bench train-phantom clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(BIN)/uv:
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v.major}.{v.minor}; name another with: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

$(VENV)/.serve: $(BIN)/uv requirements/serve.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/serve.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.serve ## the main job: a sample mammogram through the Lambda handler; pictures in out/
	$(BIN)/python scripts/demo.py --out out

test: $(VENV)/.dev ## everything a change must pass
	$(BIN)/python -m pytest

test-full: $(VENV)/.dev ## all of make test, and what takes longer: every architecture
	$(BIN)/python -m pytest -m "full or not full"

check: $(VENV)/.dev ## format, lint, types, template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml

format: $(VENV)/.dev ## rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: $(VENV)/.serve ## the same application on http://127.0.0.1:8000
	$(BIN)/mammo serve

bench: $(VENV)/.dev ## measure the explanation, and write the table of docs/compile.md (half an hour)
	$(BIN)/python -m benchmarks.explanation --write docs/compile.md

train-phantom: $(VENV)/.dev ## train the embedded phantom model again (minutes)
	$(BIN)/python -m training.phantom_model --out mammo_core/assets

clean: ## remove the environment and what commands wrote
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache

lock: $(BIN)/uv ## resolve the versions again into the hashed requirements files
	UV=$(BIN)/uv scripts/lock.sh
