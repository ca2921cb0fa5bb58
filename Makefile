.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test lint bench serve

help:  ## what each target does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: .venv/installed  ## make .venv and install the project with all it needs

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

demo: setup  ## run programs, keep what they did, and ask about it
	$(BIN)/srcql demo

test: setup  ## every test, on several cores
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: setup  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup  ## first figures, as ratios of one run
	$(BIN)/python -m benchmarks

serve: setup  ## serve the warehouse in ./warehouse on a free port
	$(BIN)/srcql serve --warehouse warehouse
