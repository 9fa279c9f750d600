.DEFAULT_GOAL := help
BIN := .venv/bin
WORKERS ?= auto

# Bytecode is what makes the second start quick.
unexport PYTHONDONTWRITEBYTECODE

.venv/.done: locks/dev.txt pyproject.toml scripts/setup
	@scripts/setup .venv

setup: .venv/.done ## Make .venv from the lock

run: setup ## Start everything: six apps, ingest and a small fleet (FLEET=0, PORT, TCP_PORT, VAR)
	@exec $(BIN)/fortress up

test: setup ## Run all tests, on a MariaDB that they start (TEST_DATABASE_URL: on that server; ARGS: for pytest)
	@scripts/servers
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)
	@$(if $(ARGS),,exec $(MAKE) --no-print-directory test-proxy test-users)

test-proxy: setup ## Run tests of the API through a stand-in for RDS Proxy; fails when a statement pins
	@scripts/servers
	@exec $(BIN)/pytest -n $(WORKERS) --dist worksteal --through-proxy -k "mariadb and not keeps_its_word" $(or $(ARGS),tests/apps/api)

# What needs every privilege of migrations/grants.py at least once, and no test of minutes.
AS_USERS = tests/apps/cli/test_accounts.py tests/isolation/test_limited_member.py tests/reporting/test_runs.py \
	tests/administration/factors/test_codes.py tests/administration/factors/test_passkeys.py \
	tests/migrations/test_unasked.py tests/ingest/test_server.py tests/dashboarding \
	tests/administration/test_administration_audit.py tests/administration/test_administration_keys.py \
	tests/administration/test_administration_organisations.py tests/administration/test_letters.py \
	tests/administration/sso/test_coming_in.py tests/administration/sso/test_sign_on.py \
	tests/administration/test_audit_chain.py tests/administration/test_privacy.py \
	tests/administration/test_support.py tests/apps/cli/test_people.py \
	tests/isolation/test_audited.py \
	tests/apps/api/test_dead_letters.py \
	tests/apps/api/test_devices.py tests/apps/api/test_imports.py tests/apps/api/test_ingestion.py \
	tests/apps/api/test_profiles.py tests/apps/billing/test_meters.py tests/apps/billing/test_usage.py \
	tests/apps/cli/test_commands.py tests/apps/loyalty/test_adjustments.py \
	tests/apps/loyalty/test_members.py tests/apps/loyalty/test_points.py tests/reporting/test_exports.py \
	tests/shared/auth/test_as_administration.py tests/shared/auth/test_codes.py

test-users: setup ## Run tests of every app as its own database user; fails when a privilege is missing, or needed by none
	@scripts/servers
	@exec $(BIN)/pytest -n $(WORKERS) --dist worksteal -k "mariadb and not keeps_its_word" $(if $(ARGS),$(ARGS) --as-users,--as-users=all $(AS_USERS))

lint: setup ## Check style, types, imports, rules and locks
	@exec $(BIN)/python -m scripts.lint

format: setup ## Put the code in its format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: setup ## Measure the numbers, on a MariaDB that it starts
	@scripts/servers
	@exec $(BIN)/python -m tests.bench $(ARGS)

faults: setup ## Kill, stop, cut and fill everything at length; nothing acknowledged may be lost (KILLS, SHORT=1, ARGS: names)
	@scripts/servers
	@KILLS=$(KILLS) SHORT=$(SHORT) exec $(BIN)/python -m tests.faults $(ARGS)

fuzz: setup ## Try bytes that nobody thought of on the line protocol (MINUTES=10, SECONDS); what breaks is kept in var/fuzz
	@exec $(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS),--minutes $(or $(MINUTES),10)) $(ARGS)

synth: setup ## Write the templates of AWS into var/synth, without an account, and check them
	@exec $(BIN)/python -m infra.synth $(ARGS)

plan: setup ## Reckon bill, compute and scaling from the templates, into var/plan (text, JSON, pages)
	@[ -d var/synth/production ] || $(MAKE) --no-print-directory synth
	@exec $(BIN)/python -m scripts.plan

images: setup ## Build every container image, measure size and start, list what is in them (ARGS: names; BASE_IMAGE)
	@$(BIN)/python -m scripts.images $(ARGS)

secrets: ## Make the secrets that containers need, in .env; those that are there stay
	@scripts/secrets

up: secrets ## Start all containers (after make images; PROFILE=fleet: with devices), print where they are and a key
	@scripts/compose start $(if $(PROFILE),--profile $(PROFILE))
	@scripts/compose run --rm --no-deps fortress demo
	@echo "http://api.fortress.localhost:$$(scripts/compose port nginx 8080 | sed 's/.*://')  (reporting. administration. billing. loyalty. dashboarding.)"
	@echo "devices: $$(scripts/compose port ingest 9000), trackers: $$(scripts/compose port ingest 9001)"

down: ## End all containers; the volumes stay (scripts/compose down -v: these too)
	@scripts/compose --profile fleet --profile tools --profile dev down

test-compose: setup ## Build the images, start the containers on free ports, kill each; nothing acknowledged may be lost (ARGS: for pytest)
	@$(BIN)/python -m scripts.images --build-only
	@scripts/engine mysql:8.4 valkey/valkey:8-alpine nginx:1.28-alpine eclipse-mosquitto:2 >/dev/null
	@exec $(if $(ARGS),env $(IN_CONTAINERS) tests/compose $(ALONE) $(ARGS),$(MAKE) --no-print-directory -k -j2 test-stack test-alone)

IN_CONTAINERS = FORTRESS_TEST_COMPOSE=1 TEST_DATABASE_URL=mysql+aiomysql://none@127.0.0.1:1 $(BIN)/pytest
ALONE = tests/bastion/image tests/images/built

# Side by side: both wait for containers most of the time.
test-stack:
	@$(IN_CONTAINERS) tests/compose

test-alone:
	@$(IN_CONTAINERS) $(ALONE)

lock: setup ## Renew locks/*.txt after a change of pyproject.toml (UPGRADE=1: to current releases)
	@$(BIN)/python -m scripts.lock $(if $(UPGRADE),--upgrade)

clean: ## Remove the environment, caches and what tests left (data of `make run` stays)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var/test

help: ## This list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /make \1	/' | expand -t 18

.PHONY: setup run test test-proxy test-users test-stack test-alone lint format bench faults fuzz synth plan images secrets up down test-compose lock clean help
