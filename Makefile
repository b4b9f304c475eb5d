# Needs Python 3.11 or newer, git and make. Everything else is installed into .venv, as locked.
#
#   PORT=8000          where to serve
#   DATA=data          the folder of the embedded PostgreSQL and the server's keys
#   DATABASE_URL=…     a PostgreSQL 16 or newer of your own, instead of the embedded one

PYTHON := $(shell for each in python3.13 python3.12 python3.11 python3 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$each; break; }; done)
IN := .venv/bin
RUN := .venv/requirements.txt
DEV := .venv/requirements-dev.txt
INSTALL := $(IN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement

.PHONY: help demo serve test browser-test lint bench rebuild doctor reference graphiql clients lint-schema audits schema lock clean

help: ## What there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(RUN) ## A sales organisation's real data, imported and served
	@$(IN)/meritbook demo

serve: $(RUN) ## An empty organisation, served
	@$(IN)/meritbook serve

doctor: $(RUN) ## Look at the set-up, and say what to do
	@$(IN)/meritbook doctor

rebuild: $(RUN) ## Build every read model anew from the log, while commands go on
	@$(IN)/meritbook rebuild

test: $(DEV) ## All tests, on a throwaway PostgreSQL
	@$(IN)/python -m pytest --numprocesses auto $(ARGS)

browser-test: $(RUN) graphiql/node_modules ## The page for browsers, in a real one; see graphiql/README.md
	@command -v chromium >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends chromium; }
	@cd graphiql && npm test

lint: $(DEV) ## What a reviewer should not have to say
	$(IN)/ruff check
	$(IN)/ruff format --check
	$(IN)/mypy
	$(IN)/lint-imports

bench: $(DEV) ## Measure beside the limit and the peers: ONLY=reads, SIZE=medium
	@$(IN)/python -m bench

graphiql: graphiql/node_modules ## Build the page for browsers anew, from its sources; needs Node 20
	@cd graphiql && npm run build

graphiql/node_modules: graphiql/package-lock.json
	@cd graphiql && npm ci && touch node_modules

CLIENT := docs/examples/client

clients: $(RUN) $(CLIENT)/node_modules ## Clients that are generated from the schema, compiled and run; needs Node 20
	@cd $(CLIENT) && npm run --silent generate && npm run --silent build && npm test

lint-schema: $(CLIENT)/node_modules ## What others' linters say of schema.graphql; needs Node 20
	@cd $(CLIENT) && npm run --silent lint:schema

audits: $(RUN) $(CLIENT)/node_modules ## What graphql-http's audits say of GraphQL over HTTP here; needs Node 20
	@cd $(CLIENT) && npm run --silent audit

$(CLIENT)/node_modules: $(CLIENT)/package-lock.json
	@cd $(CLIENT) && npm ci && touch node_modules

schema: $(RUN) ## Write schema.graphql, the API as it is published
	@$(IN)/meritbook schema > schema.graphql

reference: $(DEV) ## Write the pages of docs/reference that are made from the code
	@$(IN)/python -m operations.reference
	@$(IN)/python -m docs.generate

lock: $(DEV) ## Lock what pyproject.toml asks for; with ARGS=--upgrade in the newest versions
	$(IN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(COMPILE) $(ARGS) --output-file requirements.txt pyproject.toml
	$(COMPILE) $(ARGS) --extra traces --output-file requirements-traces.txt pyproject.toml
	$(COMPILE) $(ARGS) --extra traces --extra dev --output-file requirements-dev.txt pyproject.toml

COMPILE := CUSTOM_COMPILE_COMMAND='make lock' $(IN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

clean: ## Remove all that can be made again; the data and the keys stay
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(IN)/python:
	@test -n "$(PYTHON)" || { echo "Meritbook needs Python 3.11 or newer; there is none on the PATH." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/%.txt: %.txt | $(IN)/python
	@echo "Installing what $< says into .venv …"
	@$(INSTALL) $<
	@$(IN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@cp $< $@
