# Everything runs from a fresh clone: the first target that needs it makes .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types contracts check screenshots wheel clean

demo: .venv/ready  ## a console on a living miniature of Ainur
	@$(BIN)/ainur-tui demo

test: .venv/ready  ## the whole test suite
	@$(BIN)/pytest

lint: .venv/ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/ready
	@$(BIN)/mypy

contracts: .venv/ready  ## which layer may import which
	@$(BIN)/lint-imports --no-cache

check: lint types contracts  ## everything the gate looks at besides the tests

screenshots: .venv/ready  ## redraw screenshots/ from the running miniature
	@$(BIN)/python -m tests.screenshots

wheel: .venv/ready
	@$(BIN)/python -m build --wheel --outdir dist .

.venv/ready: pyproject.toml
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
