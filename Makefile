# Works from a bare Python 3.11 or newer with venv: uv comes into .venv by pip.
PYTHON ?= python3
RUN := .venv/bin/python
export UV_PROJECT_ENVIRONMENT := .venv
# Compiled once at install, or every process of the first start would compile it all.
export UV_COMPILE_BYTECODE := 1

.PHONY: help install run test check bench
.DEFAULT_GOAL := help

help: ## List these verbs
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: .venv/installed ## Install everything into .venv

.venv/installed: pyproject.toml uv.lock
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@test -x .venv/bin/uv || .venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	@test -x .venv/bin/uv || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	@.venv/bin/uv sync --locked --inexact --no-dev --quiet
	@touch $@

# What only tests and checks need is four times as large.
.venv/developing: .venv/installed
	@.venv/bin/uv sync --locked --inexact --quiet
	@touch $@

run: install ## Start everything; on the first start print the admin's password
	@exec $(RUN) manage.py up

test: .venv/developing ## Run every test
	$(RUN) -m pytest

check: .venv/developing ## Check format, lint, types, migrations, imports, lock file
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy .
	$(RUN) manage.py makemigrations --check --dry-run
	.venv/bin/lint-imports
	.venv/bin/uv lock --check

bench: .venv/developing ## Measure every figure that README states; bench-NAME measures one
	$(RUN) -m tests.benchmarks

bench-%: .venv/developing
	$(RUN) -m tests.benchmarks $*
