# Two commands: `make run` fits the embedded digits, `make test` passes the tests. Both do all the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GPU := $(if $(shell command -v nvidia-smi 2>/dev/null),gpu)

.PHONY: run test test-recovery check lock clean

run: $(VENV)/run$(GPU)
	$(BIN)/genclust fit digits --clusters 10 --name digits --store store

test: $(VENV)/dev check
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Kills, stops and cuts off the parts of a running service, and prints the table of docs/recovery.md; takes minutes.
test-recovery: $(VENV)/dev
	$(BIN)/python -m pytest tests/recovery

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Versions that were tested together, without any index's address.
lock: $(VENV)/dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --python-version 3.11 --no-emit-index-url --no-annotate \
		--no-header --upgrade --output-file requirements.lock

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: $(VENV)/bin/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable .
	touch $@

$(VENV)/rungpu: $(VENV)/bin/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[gpu]'
	touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) store build *.egg-info
