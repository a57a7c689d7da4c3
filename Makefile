# Two commands: `make quickstart` and `make test`. Each makes the environment it needs first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: quickstart test lint clean

quickstart: $(INSTALLED)  ## train baseline, STM and MVC on the sample corpus and write the report
	$(BIN)/empathy ablate configs/quickstart.yaml
	$(BIN)/empathy report runs/quickstart --out reports/quickstart
	@echo "Open reports/quickstart/report.html in a browser."

test: $(INSTALLED)  ## run the tests
	$(BIN)/python -m pytest -q --numprocesses=auto --dist=loadfile --no-loadscope-reorder

lint: $(INSTALLED)  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## remove the environment and what the quickstart made
	rm -rf $(VENV) runs/quickstart reports/quickstart

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), f'expected Python 3.11 or newer, got {sys.version.split()[0]}: make PYTHON=python3.12'"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(INSTALLED)
