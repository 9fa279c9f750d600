.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
LOCKED := api reporting administration billing loyalty dashboarding ingest migrations fleet cli local dev

$(VENV)/.done: locks/dev.txt pyproject.toml scripts/setup
	@scripts/setup $(VENV)

setup: $(VENV)/.done ## Make .venv from the lock

lock: ## Renew locks/*.txt from pyproject.toml
	@for app in $(LOCKED); do $(BIN)/uv pip compile -q pyproject.toml --extra $$app --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -o locks/$$app.txt; done

help: ## This list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup lock help
