# `make` alone lists what there is. It needs Python 3.11 to 3.13, make and git, and brings the rest itself.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: help run test faults check format pins clean

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --no-input --quiet
# Made when these requirements are in; out of date when the files are newer.
TO_RUN := $(VENV)/.ready-to-run
TO_TEST := $(VENV)/.ready-to-test
# Checks see the embedded defaults, whatever this shell's or the .env file's settings say.
PLAIN := env -i PATH="$(PATH)" HOME="$(HOME)" MEDIAHUB_ENV_FILE=/dev/null MEDIAHUB_VAR="$(CURDIR)/$(VENV)/var"

# Where bytecode is not kept, each of some hundred processes compiles the project anew, and pytest rewrites every test.
unexport PYTHONDONTWRITEBYTECODE

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: $(TO_RUN) ## start the service on http://127.0.0.1:8000 (PORT=8080 moves it); Ctrl-C stops it
	@exec $(PYTHON) manage.py run

test: $(TO_TEST) ## run the suite on real servers, then on the embedded defaults (ARGS="-k name" narrows it)
	@exec $(PYTHON) -m tests.suite $(ARGS)

faults: $(TO_TEST) ## run the long tests: kills, fault servers, fuzzing, scale; 30 minutes at most
	@exec $(PYTHON) -m tests.suite --faults $(ARGS)

check: $(TO_TEST) ## check format, lint, import directions, types, migrations and the deployment settings
	@echo "== ruff format" && $(PYTHON) -m ruff format --quiet --diff .
	@echo "== ruff check" && $(PYTHON) -m ruff check --quiet .
	@echo "== import-linter" && $(VENV)/bin/lint-imports --no-logo
	@echo "== mypy" && $(PLAIN) $(PYTHON) -m mypy
	@echo "== migrations" && $(PLAIN) $(PYTHON) manage.py makemigrations --check --dry-run
	@echo "== deployment" && $(PLAIN) MEDIAHUB_ENV_FILE=deploy/mediahub.env.example \
		SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

format: $(TO_TEST) ## format the code, and mend what ruff can mend by itself
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format --quiet .

pins: $(TO_TEST) ## write requirements*.txt anew from requirements*.in (ARGS=--upgrade takes newer versions)
	@$(PIP) install uv
	@for name in requirements requirements-dev; do \
		$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
			--custom-compile-command "make pins" $(ARGS) --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## remove the environment and every cache; var/ holds data and stays
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(TO_RUN): requirements.txt | $(PYTHON)
	@echo "Installing what MediaHub needs..."
	@$(PIP) install -r requirements.txt
	@touch $@

$(TO_TEST): requirements.txt requirements-dev.txt | $(PYTHON)
	@echo "Installing what MediaHub and its tests need..."
	@$(PIP) install -r requirements.txt -r requirements-dev.txt
	@touch $(TO_RUN) $@

# Interrupted, make removes its target, and the next run begins anew.
$(PYTHON):
	@for python in $(PYTHON3) python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
		then echo "Making a Python environment in $(VENV)..." && exec $$python -m venv --clear $(VENV); fi; \
	done; \
	echo "MediaHub needs Python 3.11, 3.12 or 3.13 with its venv module, and found none." >&2; \
	echo "On Debian and Ubuntu: apt install python3-venv. Installed elsewhere: make PYTHON3=/path/to/python3 run." >&2; \
	exit 1
