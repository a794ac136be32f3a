# Needs Python 3.11 to 3.13 and make; each target installs only the packages that it needs into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv)
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal -rs
# A release proof reuses earlier results if its inputs are unchanged; AGAIN=--again repeats the proof.
AGAIN ?=

.PHONY: setup demo test test-slow test-inner lint release bench bench-compare bench-desk bench-scale bench-numerics \
  compare-attacks mutation docs desk-types lock clean

setup: $(VENV)/.run

# Each purpose has its own lock file; every lock contains the packages of run.lock in the same versions.
$(VENV)/.%: requirements/%.lock pyproject.toml | $(BIN)/python
ifdef UV
	uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes --no-deps -r $<
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	-@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null
endif
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

demo: $(VENV)/.run        ## prove the release, mark a class of sample students, show marks beside the true marks
	$(BIN)/fdl release hw2 --check $(AGAIN)
	$(BIN)/fdl demo hw2

test: $(VENV)/.test       ## run the everyday tests, with the linter, the type checker and the release proof
	$(PYTEST)

test-slow: $(VENV)/.test $(VENV)/.fuzz $(VENV)/.docs  ## run all other tests, which takes about two hours
	$(PYTEST) -m slow

test-inner: $(VENV)/.test  ## run the everyday tests of walls, attacks and grading without bubblewrap (needs root)
	@.ci/without-bubblewrap $(PYTEST) tests/sandbox tests/attacks tests/grading

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.prose

release: $(VENV)/.run
	$(BIN)/fdl release hw2

bench: $(VENV)/.test      ## compare the speed of the kit, stock nbgrader and otter run: docs/benchmarks.md
	@mkdir -p .benchmarks
	$(BIN)/python -m tests.benchmarks --json .benchmarks/bench.json --page

bench-compare: $(VENV)/.test  ## show the last `make bench` beside an earlier one: make bench-compare OLD.json
	$(BIN)/python -m tests.benchmarks --read .benchmarks/bench.json \
	  --compare $(or $(filter %.json,$(MAKECMDGOALS)),$(error write: make bench-compare OLD.json))

bench-desk: $(VENV)/.test ## count keys, clicks and page loads of marking by hand: docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks.byhand --page

bench-scale: $(VENV)/.test  ## mark a class of 10,000 with a kill half-way: docs/scale.md (run after make bench)
	@mkdir -p .benchmarks
	$(BIN)/python -m tests.benchmarks.scale --json .benchmarks/scale.json --bench .benchmarks/bench.json --page

compare-attacks: $(VENV)/.test  ## try the same attacks on stock nbgrader, otter-grader and this kit: docs/comparison.md
	$(BIN)/python -m tests.comparison --page

bench-numerics: $(VENV)/.test  ## compare the kernels with jax, torch.func, neural-tangents if installed: docs/numerics.md
	$(BIN)/python -m tests.numerics $(foreach python,$(NUMERICS_PYTHONS),--python $(python)) --page --json docs/numerics.json

mutation: $(VENV)/.test   ## run the hidden tests on small changes of the reference solutions: docs/mutation.md
	$(BIN)/python -m tests.mutation

# TypeScript, for this target alone: everything else needs only Python and make.
TSC := $(VENV)/typescript/node_modules/.bin/tsc
$(TSC): requirements/typescript/package.json requirements/typescript/package-lock.json
	@mkdir -p $(VENV)/typescript
	cp $^ $(VENV)/typescript
	npm ci --prefix $(VENV)/typescript --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

desk-types: $(TSC)        ## check the types of the desk's JavaScript (needs npm)
	$(TSC) --project autograder/desk/static

docs: $(VENV)/.docs       ## build the site of README.md and docs/: .site/index.html
	$(BIN)/python docs/commands.py
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky \
	  --conf-dir docs --doctree-dir .site/.doctrees . .site

# run.lock is written first; the other locks keep the versions in run.lock.
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --quiet
lock:                     ## renew the locks in requirements/ and Gradescope's lock from pyproject.toml (needs uv)
	$(COMPILE) --output-file requirements/run.lock
	$(COMPILE) --constraints requirements/run.lock --extra test --extra lint --extra browser --extra mutation --extra similarity --output-file requirements/test.lock
	$(COMPILE) --constraints requirements/test.lock --extra cluster --output-file requirements/cluster.lock
	$(COMPILE) --constraints requirements/test.lock --extra fuzz --output-file requirements/fuzz.lock
	$(COMPILE) --constraints requirements/test.lock --extra docs --output-file requirements/docs.lock
	cp requirements/run.lock autograder/platforms/gradescope/requirements.lock

clean:
	rm -rf $(VENV) .site demo build dist *.egg-info
