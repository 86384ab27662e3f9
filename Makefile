# Needs python3 (3.11 to 3.13) with venv, and make; nothing else, and nothing activated.
# Another interpreter: make PYTHON=python3.12
#
# Every path is relative and tools run as `python -m ...`, so that the folder may have a space in its name.
# `make test` takes some minutes and is for every change. What takes longer has a target of its own: `notebooks` runs
# whole analyses in fresh kernels, `bench` measures and does not judge, `mutants` takes an hour, `test-min` and `wheel`
# install a second environment, tests marked slow run with `make test ARGS="-m slow"`. `make check` is what to run
# before a commit.

PYTHON ?= python3
PY := .venv/bin/python
TOOL := $(PY) tools/quietly.py
ARGS ?=
N ?= 100
SEED ?= 1

# of pyproject.toml: extras that few need, which have a lock and a target of their own, and those of the environment
OPTIONAL = $(shell sed -n 's/^optional = \[\(.*\)\]/\1/p' pyproject.toml | tr -d '",')
EXTRAS = $(filter-out $(OPTIONAL),$(shell sed -n '/^\[project.optional/,/^\[tool/s/^\([a-z]*\) = \[.*/\1/p' pyproject.toml))
BUILD_REQUIRES = $(PYTHON) -c "import tomllib; \
    print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')"
LOCKING = --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --annotation-style line \
    --no-header

NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
SOURCES := $(NOTEBOOKS) $(wildcard notebooks/*.py analysis/*.py analysis/*/*.py data/*.csv data/*.toml) tools/run_notebooks.py

# an environment that was moved with its folder, or whose Python is gone, is made anew
ifneq "$(shell test -x $(PY) && cat .venv/made-in 2>/dev/null)" "$(CURDIR)"
.venv/locked: moved
endif

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PYTHONIOENCODING := utf-8
# Compiled tests are kept: to compile them takes longer than to collect them, in every process.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: answer all help test coverage test-min lint lint-fix notebooks notebook-pages site figures layouts coverage-table verdict-table small-study-table bench scale scale-table mutants fuzz reliability accuracy wheel check lab app browser test-browser lock python clean moved

all: build/notebooks/done  ## run what changed, write figures/, print the main result (default)
	@printf '\nTrials of light and magnetic fields (convenience sample, see README.md):\n'
	@sed -n '/^## In words/,/^## Caption/{/^##/d;p;}' figures/placebo_beside_treatment.md
	@echo "Figures:"
	@for f in figures/*; do if [ -e "$$f" ]; then echo "  $$f"; fi; done

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1|/p' Makefile | while IFS='|' read -r name text; do \
	    printf '  make %-10s %s\n' "$$name" "$$text"; done

# All of them on every processor; what was chosen in one process, which starts sooner. Work is handed over in long
# runs of neighbours, so that a module's figure is drawn once.
test: .venv/installed  ## run the tests and doctests (ARGS="-k forest" to choose)
	@$(PY) -m pytest -q $(if $(ARGS),,-n auto --maxprocesses 8 --dist worksteal) $(ARGS)

# What newer packages call deprecated in old ones is no error here: an old release cannot know it.
test-min: build/lowest/installed  ## run the tests with the lowest versions that pyproject.toml allows
	@build/lowest/bin/python -m pytest -q -W ignore::DeprecationWarning $(ARGS)

coverage: .venv/installed  ## run the tests, list the lines and branches that none of them reaches; less than 95 % fails
	@$(PY) -m pytest -q -n auto --maxprocesses 8 --dist worksteal --cov --cov-report=term $(ARGS)

lint: .venv/installed  ## check style, formatting, types, and which wing imports which
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()" --no-cache --no-logo
	@$(PY) -m basedpyright
	@mkdir -p build
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(PY) -m basedpyright --verifytypes analysis --ignoreexternal > build/types.txt \
	    || { cat build/types.txt; exit 1; }
	@grep "completeness" build/types.txt

lint-fix: .venv/installed  ## correct style and formatting
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

notebooks: .venv/installed  ## run every notebook; an error or a warning in a cell fails
	@$(TOOL) tools/run_notebooks.py --strict $(NOTEBOOKS)
	@touch build/notebooks/done
	@$(TOOL) tools/notebook_pages.py --check

notebook-pages: build/notebooks/done  ## write what 04 and 08 show to docs/notebooks/, readable without running anything
	@$(TOOL) tools/notebook_pages.py

site: .venv/extra-site build/notebooks/done  ## make the site, build/site/index.html: notebooks, gallery, reference, guides
	@$(TOOL) tools/build_site.py

answer: .venv/installed  ## write what the trials found into README.md
	@$(TOOL) tools/answer.py

figures: notebooks  ## rewrite every figure and the gallery, whether or not anything changed
	@$(TOOL) tools/gallery.py
	@for f in figures/*; do if [ -e "$$f" ]; then echo "  $$f"; fi; done

layouts: .venv/installed  ## pin anew where everything stands in the figures of the tests; then look at the diff
	@$(TOOL) tests/layouts.py

coverage-table: .venv/installed  ## simulate how often intervals hold what they are about, docs/coverage.md
	@$(TOOL) tools/coverage_table.py

verdict-table: .venv/installed  ## simulate how often the rules on claims call true and false ones what, for docs/decisions.md
	@$(TOOL) tools/verdict_table.py

small-study-table: .venv/installed  ## simulate how often tests of small-study effects err, docs/small_study_levels.md
	@$(TOOL) tools/small_study_table.py

fuzz: .venv/installed  ## try ten thousand random tables from reading to the saved figure; an hour or so
	@$(PY) -m pytest -q -n auto --maxprocesses 8 --hypothesis-profile fuzz tests/bad_inputs/test_whole_tables.py $(ARGS)

reliability: .venv/installed  ## count what was tried and what happened, docs/reliability.md
	@$(TOOL) tools/reliability.py

accuracy: .venv/extra-bench  ## compare with metafor and with peers, docs/accuracy.md; some minutes
	@$(TOOL) tools/accuracy.py

bench: .venv/extra-bench  ## time the library against its peers, benchmarks/latest.md
	@$(TOOL) benchmarks/run.py

scale: .venv/extra-scale  ## run the tests that need dask, one of them on a cluster of two processes
	@$(PY) -m pytest -q -rs tests/test_groups.py -k dask -m "slow or not slow" $(ARGS)

scale-table: .venv/installed  ## measure how cost and memory grow with the number of meta-analyses, docs/scale.md; some minutes
	@$(TOOL) benchmarks/scale.py

mutants: .venv/extra-mutants  ## see which changes of the code no test notices, build/mutants.md (N=40 SEED=2)
	@$(TOOL) tools/mutants.py --number $(N) --seed $(SEED)

# Newest packages, no extra, and a folder far from this one: what somebody has who installs the wheel.
wheel: .venv/installed  ## build the wheel, and use it in an empty environment
	@rm -rf dist
	@$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@apart=$$(mktemp -d) && trap 'rm -rf "$$apart"' EXIT && $(PYTHON) -m venv "$$apart/venv" && \
	    "$$apart/venv/bin/python" -m pip install --quiet dist/*.whl && cp tools/try_wheel.py "$$apart" && cd "$$apart" && \
	    venv/bin/python try_wheel.py
	@ls dist/*.whl

check: lint test notebooks figures  ## everything above that must pass before a commit

lab: .venv/installed  ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/01_the_trials.ipynb \
	    $$(test "$$(id -u)" = 0 && echo --allow-root)

app: .venv/installed  ## play with the trials, or with your own, on a page in the browser (ARGS="--theme=dark")
	@$(TOOL) tools/app.py $(ARGS)

browser: .venv/extra-browser  ## what drives a browser; it brings none, Chromium is a system package

# A server or a browser that hangs ends after a while: every wait has its limit, and the whole has one.
test-browser: browser  ## open the page and the notebooks in JupyterLab and Voila as a person would, in Chromium
	@$(PY) -m pytest -q -rs tests/test_browser.py -m "slow" $(ARGS)

# uv writes a lock for all systems and Python versions at once; one version of each package serves them all.
lock:  ## renew the locks from pyproject.toml (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	@sed -n '/^#/!q;p' requirements.lock > requirements.lock.new
	@$(BUILD_REQUIRES) | uv pip compile pyproject.toml - $(EXTRAS:%=--extra %) --upgrade $(LOCKING) \
	    >> requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@$(MAKE) --no-print-directory $(OPTIONAL:%=lock-%)

# Pins of requirements.lock hold, so that an extra adds packages to the environment and changes none.
lock-%:
	@command -v uv > /dev/null || { echo "make $@ needs uv: pip install uv"; exit 1; }
	@printf '# What the extra `%s` adds to requirements.lock, pinned alike; installed by `make %s`.\n# %s\n' $* $* \
	    'Made by `make lock-$*`; not edited by hand.' > requirements-$*.lock.new
	@$(PYTHON) -c "import tomllib; \
	    print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$*'], sep='\n')" | \
	    uv pip compile - --constraint requirements.lock --upgrade $(LOCKING) >> requirements-$*.lock.new
	@mv requirements-$*.lock.new requirements-$*.lock

clean:  ## delete the environment, executed notebooks and caches (figures stay)
	@rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

build/notebooks/done: .venv/installed $(SOURCES)
	@$(TOOL) tools/run_notebooks.py $(NOTEBOOKS)
	@touch $@

.venv/installed: .venv/locked pyproject.toml
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/extra-%: requirements-%.lock .venv/installed
	@$(PY) -m pip install --quiet --requirement $<
	@touch $@

.venv/locked: requirements.lock | python
	@echo "Creating .venv from requirements.lock (once; some minutes, about 1 GB) …"
	@$(PYTHON) -m venv --clear .venv
	@$(PY) -m pip install --quiet --requirement requirements.lock
	@printf '%s\n' "$(CURDIR)" > .venv/made-in
	@touch $@

# pip cannot choose the lowest versions, uv can; it comes from PyPI into an environment of its own. Wheels only: with a
# newer Python, the lowest release that has a wheel for it.
build/lowest/installed: pyproject.toml | python
	@echo "Creating build/lowest from the lowest versions in pyproject.toml (once; some minutes) …"
	@$(PYTHON) -m venv --clear build/uv
	@build/uv/bin/python -m pip install --quiet "uv>=0.5"
	@$(PYTHON) -m venv --clear build/lowest
	@$(BUILD_REQUIRES) | build/uv/bin/python -m uv pip compile --quiet pyproject.toml - $(EXTRAS:%=--extra %) \
	    --resolution lowest-direct --only-binary :all: --python build/lowest/bin/python -o build/lowest/requirements.txt
	@build/uv/bin/python -m uv pip install --quiet --python build/lowest/bin/python -r build/lowest/requirements.txt
	@build/uv/bin/python -m uv pip install --quiet --python build/lowest/bin/python --no-deps --no-build-isolation -e .
	@touch $@

python:
	@command -v $(PYTHON) > /dev/null || \
	    { echo "$(PYTHON) was not found: install Python 3.11 to 3.13 (Debian: apt install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))" || \
	    { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1); this needs Python 3.11 to 3.13: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2> /dev/null || \
	    { echo "$(PYTHON) lacks venv: install it (Debian: apt install python3-venv)"; exit 1; }
