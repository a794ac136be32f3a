# Needs Python 3.11 or newer and make; everything else is installed into .venv by the first target.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test test-slow lint release benchmark compare-attacks mutation lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup          ## prove the release, mark a class of sample students, show marks beside the true ones
	$(BIN)/fdl release hw2 --check
	$(BIN)/fdl demo hw2

test: setup lint     ## the everyday tests, linter and type checker included
	$(BIN)/fdl release hw2 --check
	$(BIN)/python -m pytest -n 2

test-slow: setup     ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

release: setup
	$(BIN)/fdl release hw2

benchmark: setup     ## seconds per submission beside stock nbgrader, in one run
	$(BIN)/python -m pytest tests/benchmarks -m slow --benchmark-only

compare-attacks: setup  ## the same attacks on stock nbgrader, otter-grader and this kit: docs/comparison.md
	$(BIN)/python -m tests.comparison --page

mutation: setup      ## small changes to the reference solutions before the hidden tests: docs/mutation.md
	$(BIN)/python -m tests.mutation

lock:                ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra test --extra lint --extra mutation --extra similarity --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) demo build dist *.egg-info
