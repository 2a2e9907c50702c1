# Everything runs in .venv, which `make` builds itself; the only needs are make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/demo
READY := $(VENV)/ready

.DEFAULT_GOAL := demo

.PHONY: help demo test fuzz mutants check bench docs picture package clean

help:  ## List the targets.
	@awk -F ':[^#]*## ' '/^[a-z]+:[^#]*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(DEMO)  ## Audit a made-up account in an embedded AWS emulator; write reports/demo.html and reports/demo.json.
	@$(BIN)/iam-audit scan --demo -o reports/demo.html -o reports/demo.json

test: $(READY)  ## Run the whole test suite.
	$(BIN)/pytest

fuzz: $(READY)  ## Test every reader with damaged input, for minutes instead of seconds.
	$(BIN)/pytest --hypothesis-profile=fuzz tests/test_fuzz.py

mutants: $(READY)  ## Make small changes to the core and list those that no test notices; takes half an hour.
	$(BIN)/python -m pip install --quiet --group mutants
	$(BIN)/mutmut run
	$(BIN)/mutmut results

check: $(READY)  ## Lint, check types and imports, and check that the generated files are up to date.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n0 tests/test_house.py -k imports
	$(BIN)/python docs/generate.py --check

bench: $(READY)  ## Measure speed and size, and print a table.
	PYTHONPATH=tests/support $(BIN)/python tests/bench/bench.py

docs: $(READY)  ## Write the generated files again.
	$(BIN)/python docs/generate.py

picture: demo $(READY)  ## Take the screenshot in the README again (needs Chromium).
	$(BIN)/python docs/picture.py

package: $(READY)  ## Build the wheel and the source distribution into dist/.
	$(BIN)/hatchling build

clean:  ## Remove everything that make created, also .venv and the reports.
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find reports -type f ! -name README.md -delete

$(DEMO): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "iam-audit needs Python 3.11 or newer; PYTHON=... chooses one")'
	@echo "Installing iam-audit and its AWS emulator into $(VENV), once: 33 packages, 160 MB."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(READY): $(DEMO)
	@echo "Installing the development tools into $(VENV), once: 63 packages, 680 MB more."
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
