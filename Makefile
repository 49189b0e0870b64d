# The two commands: `make certify` and `make test`. `make help` lists the rest.
# Set-up happens on the way, once: what it made is kept by content and found again.

PYTHON ?= python3
KIT ?= ledger
WORKERS ?= 4
ARGS ?=
.DEFAULT_GOAL := help
SHELL := /bin/sh

# A path is taken as it is, a bare word is one of the bundled kits.
KIT_FOLDER = $(if $(findstring /,$(KIT)),$(KIT),fixtures/kits/$(KIT))
BIN = .make/venv/bin
# Has an engine that answers, then becomes the command.
WITH_ENGINE = $(BIN)/python -m setup.engine with

export PYTHONUNBUFFERED = 1

.PHONY: help certify test conform conform-others kits bad-kits walk wheel doctor browser-test bench mutants \
	check lint-fix pages lock venv engine engine-stop engine-remove images clean

help: ## this list
	@echo "usage: make TARGET [KIT=ledger] [ARGS='…']"
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r target text; do \
		printf '  %-14s %s\n' "$$target" "$$text"; done

certify: venv ## certify a script kit (KIT=ledger, a bundled name or a folder; ARGS for snapcert)
	@$(WITH_ENGINE) $(BIN)/python -m setup.images $(KIT_FOLDER)
	@$(WITH_ENGINE) $(BIN)/snapcert certify $(KIT_FOLDER) $(ARGS)

test: venv ## unit tests, every scenario against the reference executor, and their traceability
	@$(WITH_ENGINE) $(BIN)/python -m setup.images fixtures/kits/postgresql
	@$(WITH_ENGINE) $(BIN)/python -m setup.suite $(WORKERS)

conform: venv ## the scenarios alone (ARGS='--executor command:PATH -k EXPR …')
	@$(WITH_ENGINE) $(BIN)/python -m setup.images $(KIT_FOLDER)
	@$(WITH_ENGINE) $(BIN)/snapcert conform -n $(WORKERS) $(ARGS)

conform-others: venv ## the whole suite against two executors of other hands, in tests/executors (long)
	@$(WITH_ENGINE) $(BIN)/python -m setup.images $(KIT_FOLDER)
	@$(WITH_ENGINE) $(BIN)/snapcert conform -n $(WORKERS) --fs ext4,xfs,btrfs --executor command:tests/executors/perl --rules strict $(ARGS)
	@for rules in 2017-04 2025-04; do \
		$(WITH_ENGINE) $(BIN)/snapcert conform -n $(WORKERS) --fs ext4,xfs,btrfs --executor command:tests/executors/minimal --rules $$rules $(ARGS) || exit; \
	done

kits: venv ## certify every bundled kit at level 4 (long)
	@$(WITH_ENGINE) $(BIN)/python -m setup.images
	@for kit in fixtures/kits/*/; do \
		$(WITH_ENGINE) $(BIN)/snapcert certify "$$kit" --out "reports/kits/$$(basename "$$kit")" $(ARGS) || exit; \
	done

bad-kits: venv ## kits that must fail: certification must find each at its level (NAMES='…')
	@$(WITH_ENGINE) $(BIN)/python -m setup.images
	@$(WITH_ENGINE) $(BIN)/python -m tests.badkits $(if $(NAMES),$(NAMES),--due) --write

walk: venv ## docs/first-kit.md and first-gate.md as a new user would: each command, in its order, whole
	@$(WITH_ENGINE) $(BIN)/python -m setup.images
	@SNAPCERT_WALK=whole $(WITH_ENGINE) $(BIN)/python -m pytest -q --basetemp=.make/walk tests/documents/test_walks.py

wheel: venv ## build the wheel, install it with its dependencies elsewhere, certify and conform from there
	@$(WITH_ENGINE) $(BIN)/python -m setup.images
	@rm -rf .make/wheel && mkdir -p .make/wheel/elsewhere
	@$(BIN)/python -m hatchling build -t wheel -d .make/wheel
	@$(PYTHON) -m venv .make/wheel/venv
	@.make/wheel/venv/bin/python -m pip install --quiet .make/wheel/*.whl
	@cd .make/wheel/elsewhere && $(CURDIR)/$(BIN)/python -m setup.engine with ../venv/bin/snapcert certify ledger --level 3 --rounds 2
	@cd .make/wheel/elsewhere && $(CURDIR)/$(BIN)/python -m setup.engine with ../venv/bin/snapcert conform -n 2 --fs ext4 -k 'test_success or nothing_is_configured'

doctor: venv ## what this machine has, what is missing and how to mend it
	@$(BIN)/snapcert doctor $(ARGS)

browser-test: venv ## the report in a real browser (installs the distribution's Chromium)
	@$(BIN)/python -m setup.browser $(ARGS)

bench: venv ## the measurements
	@$(WITH_ENGINE) $(BIN)/python -m setup.images
	@$(WITH_ENGINE) $(BIN)/python -m bench $(ARGS)

mutants: venv ## broken executors and mutants: the tests must notice them (long; goes on where it was)
	@$(WITH_ENGINE) $(BIN)/python -m setup.images
	@$(WITH_ENGINE) $(BIN)/python -m tests.mutants run --due --write
	@printf '%s\n' 1/2 2/2 | xargs -P 2 -I SHARD $(BIN)/python -m tests.mutants contract --shard SHARD
	@printf '%s\n' 1/2 2/2 | $(WITH_ENGINE) xargs -P 2 -I SHARD $(BIN)/python -m tests.mutants lines --shard SHARD
	@printf '%s\n' 1/2 2/2 | $(WITH_ENGINE) xargs -P 2 -I SHARD $(BIN)/python -m tests.mutants executor --shard SHARD
	@printf '%s\n' 1/2 2/2 | $(WITH_ENGINE) xargs -P 2 -I SHARD $(BIN)/python -m tests.mutants company --shard SHARD
	@$(BIN)/python -m tests.mutants report

check: venv ## linter, formatter, types, freshness of the lock file
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m setup.lock check

lint-fix: venv ## let the linter and the formatter mend what they can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

pages: venv ## write docs/commands.md and docs/rules.md again
	@for page in commands rules; do $(BIN)/python -m harness.cli.reference $$page > docs/$$page.md; done

lock: venv ## write requirements.lock again from pyproject.toml
	@$(BIN)/python -m setup.lock write

venv: ## the virtual environment (.make/venv, also .venv) with the locked dependencies
	@command -v $(PYTHON) >/dev/null || { \
		echo "error: there is no $(PYTHON)"; \
		echo "  remedy: install Python 3.11 or newer (apt-get install python3), or make PYTHON=…"; \
		exit 2; } >&2
	@$(PYTHON) -m setup.venv

engine: venv ## a container engine that answers; docker.io is installed where there is none
	@$(BIN)/python -m setup.engine

engine-stop: venv ## end the private engine (its images stay)
	@$(BIN)/python -m setup.engine stop

engine-remove: venv ## end the private engine and delete its images and containers
	@$(BIN)/python -m setup.engine remove

images: venv ## the guests' images: the base and the bundled kits'
	@$(WITH_ENGINE) $(BIN)/python -m setup.images

clean: ## remove what make wrote into this checkout (not reports, engine or images)
	@if [ -L .venv ]; then rm -f .venv; fi
	@rm -rf .make .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	@find harness setup tests scenarios -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
