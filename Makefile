# Every target makes its own environment first; nothing needs to be installed by hand but Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
# Whole runs wait often, for a clock, a kill or a provider: one more than there are cores keeps all of them busy. Tests of
# a file go to one worker, so that what they share is trained once.
RUNS ?= $(shell expr $(JOBS) + 1)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Many processes start here; without bytecode each of them would compile all that it imports, seconds every time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check unit format clean

demo: $(VENV)/.core
	$(BIN)/traineragent demo

test: $(VENV)/.dev check
	$(BIN)/pytest -n $(RUNS) --dist loadscope -m "e2e or slow" --durations=15 tests

check: $(VENV)/.dev
	scripts/check
	$(BIN)/pytest -n $(JOBS) -m "not e2e and not slow" tests

unit: $(VENV)/.dev
	$(BIN)/pytest -n $(JOBS) -m "not e2e" tests

format: $(VENV)/.dev
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; choose another with: make PYTHON=python3.12 …" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt -e '.[dev,all]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache benchmarks/out
