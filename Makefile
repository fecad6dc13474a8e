# Two commands: `make run` fits the embedded digits, `make test` passes the tests. Both do all the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GPU := $(if $(shell command -v nvidia-smi 2>/dev/null),gpu)

# uv takes a fraction of pip's time, but doesn't read pip's settings: where it finds no index, pip installs.
install = $(BIN)/python -m pip install --quiet uv && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --constraint requirements.lock --editable '$(1)' || \
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '$(1)'

.PHONY: run test test-recovery check lock clean

run: $(VENV)/run$(GPU)
	$(BIN)/genclust fit digits --clusters 10 --name digits --store store

test: $(VENV)/dev check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# Kills, stops and cuts off the parts of a running service, and prints the table of docs/recovery.md; takes minutes.
# LINES chooses some of them, as pytest's -k does.
test-recovery: $(VENV)/dev
	$(BIN)/python -m pytest tests/recovery $(if $(LINES),-k '$(LINES)')

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Versions that were tested together, without any index's address.
lock: $(VENV)/dev
	$(BIN)/uv pip compile pyproject.toml --all-extras --python-version 3.11 --no-emit-index-url --no-annotate \
		--no-header --upgrade --output-file requirements.lock

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: $(VENV)/bin/python pyproject.toml requirements.lock
	$(call install,.)
	touch $@

$(VENV)/rungpu: $(VENV)/bin/python pyproject.toml requirements.lock
	$(call install,.[gpu])
	touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml requirements.lock
	$(call install,.[dev])
	touch $@

clean:
	rm -rf $(VENV) store build *.egg-info
