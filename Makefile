# Baken's commands. Needs GNU make 3.81 or newer and Python 3.11 or newer with pip; everything else is installed
# into .venv from the lock files in requirements/.

PYTHON ?= python3
BIN := .venv/bin
# pytest-xdist processes; 0 runs the tests in one.
WORKERS ?= 2
# For example: make lock LOCK_FLAGS=--upgrade
LOCK_FLAGS ?=
# For example: make audit AUDIT_FLAGS="--ignore-vuln PYSEC-2026-1"
AUDIT_FLAGS ?=
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock"

# Runs a Python script with the first interpreter that is new enough.
define with_python
@for python in "$(PYTHON)" python3.13 python3.12 python3.11 python3.14; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && exec "$$python" $(1); \
done; \
echo "Baken needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
echo "Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1
endef

.PHONY: help run install install-s3 install-dev test lint messages lock audit drill-files bench fuzz clean
.DEFAULT_GOAL := help

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: install ## install what is missing and start Baken
	@exec $(BIN)/baken up

install: ## make .venv with what Baken needs to run
	$(call with_python,tools/bootstrap.py run)

install-s3: ## the same, with what keeping files in an object store needs
	$(call with_python,tools/bootstrap.py s3)

install-dev: ## the same, and the tools to test and change it
	$(call with_python,tools/bootstrap.py dev)

test: lint ## every check and every test
	@BAKEN_CHROMIUM=$$($(BIN)/python tools/browser.py) && export BAKEN_CHROMIUM && \
	  exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: install-dev ## style, types and the house's layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

messages: install-dev ## bring the translations up to date with the sources
	@$(BIN)/python tools/messages.py

lock: install-dev ## write requirements/*.txt from requirements/*.in
	@$(BIN)/uv $(LOCK) $(LOCK_FLAGS) requirements/run.in -o requirements/run.txt
	@for name in s3 dev bench; do \
	  if [ -e requirements/$$name.in ]; then \
	    $(BIN)/uv $(LOCK) $(LOCK_FLAGS) -c requirements/run.txt requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	  fi; \
	done
	@for name in drills audit bootstrap; do \
	  $(BIN)/uv $(LOCK) $(LOCK_FLAGS) requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

audit: ## compare what is locked with weaknesses that are known; ends with 1 when there is one, 2 when nobody could say
	$(call with_python,tools/bootstrap.py audit --into .venv-audit)
	@.venv-audit/bin/python tools/audit.py $(AUDIT_FLAGS)

drill-files: install-dev ## send and fetch 300 MB, and measure the memory that takes
	@exec $(BIN)/python -m pytest -s tests/drills/test_large_files.py

bench: ## run the benchmarks, in an environment of their own
	$(call with_python,tools/bootstrap.py bench --into .venv-bench)
	@for script in bench/*.py; do echo "== $$script"; .venv-bench/bin/python $$script || exit 1; done

fuzz: install-dev ## send the API what its description allows and what it does not, as everybody; takes an hour
	$(call with_python,tools/bootstrap.py drills --into .venv-drills)
	@exec nice $(BIN)/python -m pytest tests/drills/test_api_fuzz.py

clean: ## remove what can be made again; never data
	@rm -rf .venv .venv-* build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
