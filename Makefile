# Two commands for a newcomer: `make demo` and `make test`. Every target sets itself up first: a .venv from the locked
# requirements (Python 3.11+ and a package index are all it needs), and nothing at all when that is up to date. `contract-real` needs Go too.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test lint seeds crashes teeth contract-real bench picture docs lock clean

BIN := .venv/bin
READY := .venv/.ready
# The lab and the tests start many processes; without .pyc each of them compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE
PYTEST_ARGS ?=

# The first Python on this machine that is new enough; `make PYTHON=/path/to/python3.12 demo` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## In the embedded lab, an app moves to Talos, comes back, and goes again
	@$(BIN)/python -m portkey_migrate.rehearse.demo

test: lint ## Everything that must hold before a commit
	@command -v strace >/dev/null || echo "strace is not on this machine: the tests that watch fsync are skipped, and named below" >&2
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(READY) ## ruff, mypy, the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

seeds: $(READY) ## Fifty rehearsals, each with its own latencies and faults
	@$(BIN)/python -m portkey_migrate.rehearse.seeds

crashes: $(READY) ## Death at every point, every way back, every situation, every late twin
	@$(BIN)/python -m portkey_migrate.rehearse.crashes

teeth: $(READY) ## The tool broken on purpose, 21 times: what the judge says, and which figure rises
	@$(BIN)/python -m pytest tests/teeth -p no:randomly -q $(PYTEST_ARGS)

contract-real: $(READY) ## The lab held against a real API server (Go builds it once, 10 minutes)
	@$(BIN)/python -m tests.real.binaries
	@$(BIN)/python -m pytest tests/real $(PYTEST_ARGS)

bench: $(READY) ## Cold start, a durable step, status at scale: ratios against their floors
	@$(BIN)/python -m benchmarks.cold_start
	@$(BIN)/python -m benchmarks.durable_step
	@$(BIN)/python -m benchmarks.status_at_scale
	@$(BIN)/python -m benchmarks.plan_load

picture: $(READY) ## The README's picture, from the demo's own output
	@COLUMNS=100 $(BIN)/python -m portkey_migrate.rehearse.demo > .venv/demo.txt 2>&1
	@$(BIN)/python docs/picture.py .venv/demo.txt docs/demo.svg

docs: $(READY) ## The generated pages
	@$(BIN)/python -m portkey_migrate.checks.page > .venv/page.md && cp .venv/page.md docs/checks.md
	@$(BIN)/python -m portkey_migrate.cli.page > .venv/page.md && cp .venv/page.md docs/commands.md
	@$(BIN)/python -m portkey_migrate.lab.truth_page > .venv/page.md && cp .venv/page.md docs/truth.md
	@$(BIN)/python -m portkey_migrate.plan.jsonschema > .venv/page.md && cp .venv/page.md docs/plan.schema.json

lock: $(READY) ## requirements.lock anew from pyproject.toml (a review reads the difference)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

clean: ## Caches and the environment; state/ is never touched
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# hatchling is in the lock and the build is not isolated, so that the second command asks no network.
$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; make PYTHON=/path/to/it names one." >&2; exit 1; }
	@echo "Setting up .venv (once; 1-2 minutes)" >&2
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv || \
		{ echo "$(PYTHON) cannot make a venv: on Debian and Ubuntu it is in the package python3-venv." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
