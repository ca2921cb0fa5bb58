.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check

.PHONY: help setup demo test test-lower-bounds lint docs bench serve

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: .venv/development  ## create .venv and install the project with everything that development needs

.venv/development: pyproject.toml
	@echo "Installing srcql and the tools of development into .venv: 1 GB on disk, some minutes."
	$(PYTHON) -m venv .venv
	$(PIP) install --editable '.[docs,test]'
	@touch .venv/server $@

.venv/server: pyproject.toml
	@echo "Installing srcql into .venv: 0.5 GB on disk, about a minute."
	$(PYTHON) -m venv .venv
	$(PIP) install --editable '.[server]'
	@touch $@

demo: .venv/server  ## run small programs, store what they did, and query it
	$(BIN)/srcql demo

test: setup  ## run all tests, on up to four cores
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-lower-bounds: setup  ## run the client on the oldest packages that it supports
	$(BIN)/pytest tests/lower_bounds

lint: setup  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup  ## build the documentation as a site in ./site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: setup  ## measure against the prior art's method, and print ratios
	$(BIN)/python -m benchmarks

serve: .venv/server  ## serve the warehouse in ./warehouse on a free port
	$(BIN)/srcql serve --warehouse warehouse
