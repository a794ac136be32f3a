# Needs Python 3.11 or newer and make; everything else is installed into .venv by the first target.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test test-slow lint release bench bench-scale bench-numerics compare-attacks mutation lock clean

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

bench: setup         ## the kit beside stock nbgrader and otter run, in turns: README.md
	@mkdir -p .benchmarks
	$(BIN)/python -m tests.benchmarks --json .benchmarks/bench.json --page

bench-scale: setup   ## a class of 10,000, killed amid it: docs/scale.md (after make bench)
	@mkdir -p .benchmarks
	$(BIN)/python -m tests.benchmarks.scale --json .benchmarks/scale.json --bench .benchmarks/bench.json --page

compare-attacks: setup  ## the same attacks on stock nbgrader, otter-grader and this kit: docs/comparison.md
	$(BIN)/python -m tests.comparison --page

bench-numerics: setup  ## the numerics beside jax, torch.func, neural-tangents where installed: docs/numerics.md
	$(BIN)/python -m tests.numerics $(foreach python,$(NUMERICS_PYTHONS),--python $(python)) --page --json docs/numerics.json

mutation: setup      ## small changes to the reference solutions before the hidden tests: docs/mutation.md
	$(BIN)/python -m tests.mutation

lock:                ## renew requirements.lock, and Gradescope's part of it, from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra test --extra lint --extra mutation --extra browser --extra similarity --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --constraints requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --quiet --output-file autograder/records/gradescope/requirements.lock

clean:
	rm -rf $(VENV) demo build dist *.egg-info
