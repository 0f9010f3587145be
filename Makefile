# Every target starts from a bare clone: `.venv` is made and filled when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
INSTALLED := $(VENV)/.installed
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.PHONY: help run plan download test test-all test-wheel test-newest-jax coverage lint format docs \
	bench bench-large bench-gpu viz ipython notebooks lock clean clean-results

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# make run EXPERIMENT=cifar2 ARGS='--params data.n_train=1000'
EXPERIMENT ?=
ARGS ?=
OPTIONS = $(if $(EXPERIMENT),--env $(EXPERIMENT)) $(ARGS)

run: $(INSTALLED) ## Run an experiment, by default on embedded real data (one to two minutes)
	$(VENV)/bin/kedro run $(OPTIONS)

plan: $(INSTALLED) ## Forecast hours, gigabytes and memory of an experiment
	$(VENV)/bin/kedro plan $(OPTIONS)

download: $(INSTALLED) ## Fetch the official files of an experiment
	$(VENV)/bin/kedro download $(OPTIONS)

# In the order of tests/conftest.py: xdist by itself puts files of few tests, the longest runs, last.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

test: $(INSTALLED) ## Run the test suite
	$(RUN) pytest $(PARALLEL)

test-all: $(INSTALLED) ## Run every test, the slow ones included
	$(RUN) pytest $(PARALLEL) -m ""

test-wheel: $(INSTALLED) ## Test the wheel without extras, in an empty environment
	$(RUN) pytest -m slow tests/test_wheel.py -k "not newest"

test-newest-jax: $(INSTALLED) ## Test the wheel with the newest JAX
	$(RUN) pytest -m slow tests/test_wheel.py -k newest

coverage: $(INSTALLED) ## Run the test suite and report what it does not reach
	$(RUN) pip install --quiet --disable-pip-version-check 'pytest-cov>=7'
	$(RUN) pytest $(PARALLEL) --cov=kernel_regime --cov-report=term:skip-covered

lint: $(INSTALLED) ## Check style, formatting and types
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

format: $(INSTALLED) ## Format the code
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

DOCS := $(VENV)/.docs
$(DOCS): $(INSTALLED)
	$(RUN) pip install --quiet --disable-pip-version-check 'pip>=25.1' # knows --group
	$(RUN) pip install --quiet --disable-pip-version-check --group docs --constraint requirements.lock
	@touch $@

docs: $(DOCS) ## Build the documentation into site/; a broken link fails
	$(RUN) sphinx --quiet --fail-on-warning --keep-going docs site
	$(VENV)/bin/kedro viz build
	rm -rf site/pipelines && mv build site/pipelines

bench: $(INSTALLED) ## Measure against peers, all in one run; writes docs/benchmarks.md
	$(RUN) benchmarks

bench-large: $(INSTALLED) ## Ridge regression on 60,000 points (24 GB of memory, 15 GB of disk)
	$(RUN) benchmarks.ridge_large

bench-gpu: $(INSTALLED) ## Kernels of networks on images on an NVIDIA GPU
	$(RUN) benchmarks.convolutional_gpu

viz: $(INSTALLED) ## Open the pipelines in kedro-viz
	$(VENV)/bin/kedro viz run $(OPTIONS)

# Kedro calls `ipython` and `jupyter` by name: those of the environment, not of the system.
WITH_ENVIRONMENT = PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

ipython: $(INSTALLED) ## Open IPython with the catalog loaded
	$(WITH_ENVIRONMENT) kedro ipython $(OPTIONS)

notebooks: $(INSTALLED) ## Open the notebooks in JupyterLab
	$(WITH_ENVIRONMENT) kedro jupyter lab $(OPTIONS)

lock: $(INSTALLED) ## Renew requirements.lock for every supported Python
	$(RUN) pip install --quiet uv
	$(RUN) uv pip compile --quiet --universal --python-version 3.11 --extra all --group dev \
		--no-header pyproject.toml --output-file requirements.lock

clean: ## Remove the environment and caches; results stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .viz
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

clean-results: ## Remove the outputs of ALL experiments, kernels and networks of hours included
	rm -rf data/0[2-8]_*

# --no-deps: the lock is complete, and resolves what a plain resolver cannot (see [tool.uv]).
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("Python %d.%d found; kernel-regime needs 3.11, 3.12 or 3.13: make PYTHON=python3.12 ..." % v)'
	@echo "Making the environment in $(VENV): 200 packages, 4 GB on disk; minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --disable-pip-version-check --no-deps --requirement requirements.lock
	$(RUN) pip install --quiet --disable-pip-version-check --no-deps --editable .
	@echo "The environment is ready. To use it by hand: source $(VENV)/bin/activate"
	@touch $@
