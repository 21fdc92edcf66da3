# Two commands matter: make demo, make test. `make help` lists the others.
PY ?= python3
BIN := .venv/bin
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types verify check up down psql migration policies schema matrix system-packages clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-16s %s\n", $$1, $$2}' Makefile

setup: .venv/.installed ## make .venv, and nothing else

# venv --without-pip needs no ensurepip, which Debian splits off into python3-venv; the host's pip
# puts uv into the environment, without touching the host. Where there is no pip on the host, or uv
# does not get through (it knows no PIP_* settings), the environment's own pip does the same, slower.
.venv/.installed: pyproject.toml requirements.lock
	@command -v $(PY) >/dev/null || { echo "Python is missing: apt-get install -y python3 python3-venv"; exit 1; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PY=python3.12")'
	@$(PY) -m venv --clear --without-pip .venv
	@{ $(PY) -m pip --python $(BIN)/python install -q --disable-pip-version-check --root-user-action=ignore uv 2>/dev/null \
	   && UV_LINK_MODE=copy $(BIN)/uv pip install -q --python $(BIN)/python -r requirements.lock \
	   && UV_LINK_MODE=copy $(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e . ; } \
	 || { $(BIN)/python -m ensurepip >/dev/null 2>&1 || { echo "pip is missing: apt-get install -y python3-venv"; exit 1; }; \
	      $(BIN)/python -m pip install -q --disable-pip-version-check --root-user-action=ignore -r requirements.lock \
	      && $(BIN)/python -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps -e . ; }
	@touch .venv/.installed

demo: setup ## start a PostgreSQL, migrate, fill, attack, prove
	@$(BIN)/tenancy demo $(ARGS)

test: setup ## every test, in parallel
	@$(BIN)/python -m pytest -q -n $${TENANCY_WORKERS:-2} $(ARGS)

lint: setup ## ruff, sqlfluff, squawk
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint -q functions policies seeds sql
	@$(BIN)/squawk -c .squawk.toml $$(ls migrations/*.sql | grep -v rollback)

types: setup ## mypy --strict
	@$(BIN)/mypy

verify: setup ## sources, migrations, rollbacks and schema agree
	@$(BIN)/tenancy verify

check: lint types verify test ## what CI runs

up: setup ## start a development server
	@$(BIN)/tenancy up

down: setup ## stop and remove it
	@$(BIN)/tenancy down

psql: setup ## look around as the application's login (ARGS="--as dba" for everything)
	@$(BIN)/tenancy psql $(ARGS)

migration: setup ## stamp changed sources into the next migration: make migration m=verb-object
	@$(BIN)/tenancy migration "$(m)"

policies: setup ## write policies/app/*.sql from the access matrix
	@$(BIN)/tenancy policies

schema: setup ## write sql/schema.sql
	@$(BIN)/tenancy schema

matrix: setup ## try every table, role, action and context (ARGS="--html matrix.html")
	@$(BIN)/tenancy matrix $(ARGS)

system-packages: ## Debian: a second PostgreSQL with pgTAP and plpgsql_check, and pg_prove
	@[ "$$(id -u)" = 0 ] || { echo "needs root: sudo make system-packages"; exit 1; }
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	  postgresql-15 postgresql-15-pgtap postgresql-15-plpgsql-check \
	  libtap-parser-sourcehandler-pgtap-perl >/dev/null

clean: ## remove the environment and work files
	@rm -rf .venv .tenancy
