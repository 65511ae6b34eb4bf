# What there is to do here. `make help` lists it.

.DEFAULT_GOAL := help
SHELL := /bin/bash
PORT ?= 8000
export PORT

UV := .venv/bin/uv
RUN := $(UV) run --frozen

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(UV):
	python3.11 -m venv .venv
	.venv/bin/pip install --quiet uv==0.13.9

.venv/.synced: $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --quiet --inexact
	@touch $@

.PHONY: install
install: .venv/.synced ## Make the environment from the lock file

.PHONY: run
run: export DEBUG ?= true
run: install ## Migrate, put demo accounts into a new database, and serve (PORT, DATABASE_URL)
	$(RUN) python manage.py migrate --verbosity 0
	$(RUN) python manage.py demo --url http://127.0.0.1:$(PORT)
	$(RUN) gunicorn

.PHONY: test
test: install ## Run the tests, on SQLite and on PostgreSQL where one answers
	$(RUN) pytest
	$(RUN) pytest --postgresql

.PHONY: races
races: install ## Let clients race for the same rows on a real server, at length
	$(RUN) pytest tests/server/test_races.py -n 0 --rounds 2000
	$(RUN) pytest tests/server/test_races.py -n 0 --rounds 2000 --postgresql

.PHONY: check
check: install ## Lint, types, import directions, deployment settings, migrations, the published schema
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) lint-imports
	$(RUN) mypy
	$(RUN) python -W error tests/deploy_check.py
	DEBUG=true $(RUN) python manage.py makemigrations --check

.PHONY: schema
schema: install ## Write graphql_api/schema.graphql
	DEBUG=true $(RUN) python manage.py graphql_schema

.PHONY: format
format: install ## Format the code
	$(RUN) ruff format
	$(RUN) ruff check --fix
