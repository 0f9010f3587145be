# Every target starts from a bare clone: `.venv` is made and filled when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
INSTALLED := $(VENV)/.installed
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.PHONY: help run test test-all lint format bench bench-large viz notebooks lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Run the default experiment on embedded real data (about a minute)
	$(VENV)/bin/kedro run

test: $(INSTALLED) ## Run the test suite
	$(RUN) pytest -n 2 --dist loadfile

test-all: $(INSTALLED) ## Run every test, the slow ones included
	$(RUN) pytest -n 2 --dist loadfile -m ""

lint: $(INSTALLED) ## Check style, formatting and types
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

format: $(INSTALLED) ## Format the code
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: $(INSTALLED) ## Measure against peers, all in one run; writes docs/benchmarks.md
	$(RUN) benchmarks

bench-large: $(INSTALLED) ## Ridge regression on 60,000 points (24 GB of memory, 15 GB of disk)
	$(RUN) benchmarks.ridge_large

viz: $(INSTALLED) ## Open the pipelines in kedro-viz
	$(VENV)/bin/kedro viz run

notebooks: $(INSTALLED) ## Open the notebooks in JupyterLab
	$(VENV)/bin/kedro jupyter lab

lock: $(INSTALLED) ## Renew requirements.lock for every supported Python
	$(RUN) pip install --quiet uv
	$(RUN) uv pip compile --quiet --universal --python-version 3.11 --group dev \
		--no-header pyproject.toml --output-file requirements.lock

clean: ## Remove the environment, caches and the outputs of all experiments (raw data stay)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .viz data/0[2-8]_*
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# --no-deps: the lock is complete, and resolves what a plain resolver cannot (see [tool.uv]).
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("Python %d.%d found; kernel-regime needs 3.11, 3.12 or 3.13: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	$(RUN) pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
