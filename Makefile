.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test lint docs bench serve

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: .venv/installed  ## create .venv and install the project with everything that development needs

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs,test]'
	touch $@

demo: setup  ## run small programs, store what they did, and query it
	$(BIN)/srcql demo

test: setup  ## run all tests, on up to four cores
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: setup  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup  ## build the documentation as a site in ./site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: setup  ## measure against the prior art's method, and print ratios
	$(BIN)/python -m benchmarks

serve: setup  ## serve the warehouse in ./warehouse on a free port
	$(BIN)/srcql serve --warehouse warehouse
