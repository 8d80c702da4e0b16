# `make` prints the commands.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

# What stores rows or sends messages; the rest of the suite never meets a database or a broker.
ON_SERVICES := $(addprefix tests/,accounts doors house mcp_server observer operations services sign_in system tenants)

WORKERS := 2

# The suite of the protocol's newest revision is a pre-release, and needs a newer Node than Debian has.
NODE_READY := .venv/node/.installed
NODE_PACKAGES := node@24.21.0 @modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/inspector@2.12.0

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check test-services test-faults test-browser test-conformance bench fix requirements reset

help: ## print these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "MCTL needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 run"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing what requirements.txt pins into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $(READY)

run: $(READY) ## start everything on this machine, the embedded platform included; Ctrl-C ends it
	@exec $(BIN)/python -m sandbox.run

test: $(READY) ## run the whole suite on the embedded platform
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not browser and not faults"

test-fast: $(READY) ## what starts no process: for the loop while you write
	@$(BIN)/python -m pytest -n 2 --dist loadfile --fast -m "not browser and not faults"

test-services: $(READY) ## the suite again on PostgreSQL and Redis (DATABASE_URL, MCTL_BROKER_URL; defaults on localhost)
	@DATABASE_URL=$${DATABASE_URL:-postgresql://postgres@127.0.0.1:5432/postgres} \
	 MCTL_BROKER_URL=$${MCTL_BROKER_URL:-redis://127.0.0.1:6379/7} \
	 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not browser and not faults and not sandbox_only" $(ON_SERVICES)

test-faults: $(READY) ## the long runs: files and texts made to do harm, by the thousand
	@$(BIN)/python -m pytest -n 2 -m faults

test-browser: $(READY) ## the browser tests with Debian's chromium
	@command -v chromium >/dev/null || { echo "Chromium is missing. On Debian: apt-get install chromium"; exit 1; }
	@$(BIN)/python -m pytest -m browser

$(NODE_READY): Makefile
	@command -v npm >/dev/null || { echo "npm is missing. On Debian: apt-get install npm"; exit 1; }
	@mkdir -p $(dir $(NODE_READY))
	@cd $(dir $(NODE_READY)) && npm install --no-save --no-fund --no-audit --loglevel error $(NODE_PACKAGES)
	@touch $@

test-conformance: $(READY) $(NODE_READY) ## the MCP conformance suite and Inspector, fetched from npm with a Node of their own
	@MCTL_NODE_MODULES=$(abspath $(dir $(NODE_READY)))/node_modules $(BIN)/python -m pytest -n 0 tests/mcp_server/test_conformance.py

check: $(READY) ## format, lint, types, import contracts, migrations, documentation
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@MCTL_DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run
	@MCTL_DEBUG=true $(BIN)/python manage.py env --markdown | diff -u docs/configuration.md - || { echo "docs/configuration.md is old: make fix"; exit 1; }
	@MCTL_DEBUG=true $(BIN)/python manage.py rights | diff -u deploy/rbac/mctl.yaml - || { echo "deploy/rbac/mctl.yaml is old: make fix"; exit 1; }

fix: $(READY) ## format, sort imports, renew generated pages
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .
	@MCTL_DEBUG=true $(BIN)/python manage.py env --markdown > docs/configuration.md
	@MCTL_DEBUG=true $(BIN)/python manage.py rights > deploy/rbac/mctl.yaml

bench: $(READY) ## measure the budgets; prints a table and writes bench/results/*.json
	@$(BIN)/python -m bench

requirements: $(READY) ## compile requirements.txt from requirements.in
	@$(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.txt requirements.in

reset: ## forget the sandbox's world and its database
	@rm -rf var
