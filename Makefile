# Remessa on a machine that has Python (3.11 or newer) and make, and nothing else.
#
#   make run    start the local cloud, deploy, process the samples, stay until Ctrl-C
#   make test   every check and every test
#
# Both install what they need: uv below .tools/ when the machine has none, everything else below .venv/ from uv.lock.

SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help
UV_VERSION := 0.13.8
UV := $(shell command -v uv || echo $(CURDIR)/.tools/bin/uv)
RUN := $(UV) run --frozen --extra local
# SAM CLI pins another botocore than the local cloud does: it has an environment of its own.
SAM := UV_PROJECT_ENVIRONMENT=.venv-sam PATH="$(dir $(UV)):$$PATH" $(UV) run --frozen --no-default-groups --only-group sam sam
export SAM_CLI_TELEMETRY := 0

SEEDS ?= 20000

.PHONY: help run test check unit simulation integration soak bench sam-build format clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: .venv/.synced ## Start the local cloud with the samples, and stay until Ctrl-C
	@$(RUN) remessa up --demo

test: check unit simulation integration ## Run every check and every test

check: .venv/.synced ## Lint, types, layers and the template
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(SAM) validate --lint --template template.yaml --region us-east-1

unit: .venv/.synced ## Run the tests that need no cloud
	$(RUN) pytest tests/unit

simulation: .venv/.synced ## Run the journey through thousands of histories full of faults
	$(RUN) pytest tests/simulation

integration: .venv/.synced ## Run the tests on a local cloud of their own
	$(RUN) pytest tests/integration

soak: .venv/.synced ## Run the long simulation (SEEDS=20000) and print the table of faults
	SEEDS=$(SEEDS) $(RUN) pytest tests/simulation/test_simulation.py --timeout 0 -s
	$(RUN) python -m bench.faults

bench: .venv/.synced ## Compare with rivals, side by side; takes some minutes
	$(RUN) --group bench python -m bench.images
	$(RUN) python -m bench.invoices

sam-build: .venv/.synced ## Build the functions' packages for AWS into .aws-sam/
	$(SAM) build

format: .venv/.synced ## Bring the code into shape
	$(RUN) ruff check --fix
	$(RUN) ruff format

clean: ## Remove what can be made again; the local cloud's data in .remessa/ stays
	rm -rf .venv .venv-sam .tools .aws-sam .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist

.venv/.synced: $(UV) pyproject.toml uv.lock
	@echo "Installing into .venv (the first time takes a moment)…"
	@$(UV) sync --frozen --extra local
	@touch $@

# Only where there is no uv: pip first, as it reaches whatever package index this machine is set up for.
$(CURDIR)/.tools/bin/uv:
	@echo "Installing uv $(UV_VERSION) into .tools…"
	@python3 -c 'import sys; sys.exit("Remessa needs Python 3.11 or newer, and python3 is " + sys.version.split()[0] + ".") if sys.version_info < (3, 11) else None'
	@if python3 -m venv .tools 2>/dev/null; then \
	  .tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; \
	elif python3 -m pip --version >/dev/null 2>&1; then \
	  python3 -m pip install --quiet --disable-pip-version-check --target .tools/lib "uv==$(UV_VERSION)" && \
	  mkdir -p .tools/bin && ln -sf ../lib/bin/uv .tools/bin/uv; \
	elif command -v curl >/dev/null; then \
	  curl -LsSf "https://astral.sh/uv/$(UV_VERSION)/install.sh" | env UV_INSTALL_DIR="$(CURDIR)/.tools/bin" UV_NO_MODIFY_PATH=1 sh; \
	else \
	  echo "Install uv (https://docs.astral.sh/uv), python3-venv or curl, and try again." >&2; exit 1; \
	fi
