# What a newcomer, a schedule and CI all use. It needs python3 (3.11 to 3.13, with venv) and make, nothing else.
#
#   make setup                        .venv from requirements.lock; at once when nothing changed
#   make run [DUMP=…] [LAKE=…]        ingest the sample, or DUMP, into ./lake
#   make test [ARGS="-k name -x"]     the tests; WORKERS=0 runs them in one process
#   make check                        lint, format and types, as CI does
#   make lock                         resolve requirements.lock anew after pyproject.toml changed
#   make clean                        remove .venv and caches, never a lake

PYTHON  ?= python3
DUMP    ?= tests/samples/kremlin-sample.txt
LAKE    ?= lake
WORKERS ?= 3
ARGS    ?=

# Handed on by environment, so that a name with a space or a quote in it arrives as it is.
export DUMP LAKE

BIN   := .venv/bin
STAMP := .venv/.setup-done

# Bytecode is written even where the environment forbids it: otherwise each process compiles its imports from
# source again, which doubles the start of Prefect (1 s to 2 s) and of Great Expectations (4 s to 8 s).
unexport PYTHONDONTWRITEBYTECODE

# Modules that no run imports are left uncompiled: they are half of the cost.
NOT_COMPILED := /(tests|pip|setuptools|mypy|mypyc|apprise|dateparser)/

.PHONY: setup run test check lock clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

# The stamp holds the folder it was made for: a venv knows its own path, so a moved checkout needs a new one. So
# does a venv whose Python is gone, or whose setup was interrupted.
ifneq ($(shell test -x $(BIN)/python && cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP) .venv/.new
$(STAMP): .venv/.new
endif

.venv/.new:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make setup: no '$(PYTHON)' on the PATH. Install Python 3.11 to 3.13, or name one: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "make setup: Stenolake needs Python 3.11 to 3.13, and $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make setup: $(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv

# uv comes from the lock file as well, with its hash; pip only fetches it. `sync` removes what the lock file does not
# name, the project itself too, so the project comes last.
$(STAMP): pyproject.toml requirements.lock
	@awk '/^[a-z]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@echo 'Installing the packages of requirements.lock; with nothing cached, some 300 MB are downloaded'
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -qq -j 0 -x '$(NOT_COMPILED)' .venv/lib
	@echo '$(CURDIR)' > $(STAMP)

run: setup
	$(BIN)/stenolake ingest "$$DUMP" --lake "$$LAKE"

test: setup
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Afresh each time, and for every supported Python at once. Read what changed before committing it.
lock: setup
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --quiet \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements.lock
	git diff --stat -- requirements.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -not -path './lake/*' -prune -exec rm -rf {} +
