# Everything a newcomer needs: `make demo` and `make test`. Both set up .venv in the checkout first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := realsense,gpio,convert,dev

# With a file of its own the set-up runs once, and again whenever what it installs from has changed.
STAMP := $(VENV)/.set-up

.PHONY: setup demo test board-test lint soak format clean help

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## Make .venv and install everything into it (uv where it is installed, else pip)

# TensorFlow has wheels for Python 3.11 to 3.13; uv finds or fetches one of these by itself.
$(STAMP): pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		echo "Setting up $(VENV) with uv; TensorFlow is large, so the first time takes minutes"; \
		uv venv --allow-existing --python '>=3.11,<3.14' $(VENV) && \
		uv pip install --python $(BIN)/python -e '.[$(EXTRAS)]'; \
	else \
		$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
			{ echo "Facelatch's tools need Python 3.11 to 3.13, $(PYTHON) is $$($(PYTHON) --version);" \
			"try make PYTHON=python3.12, or install uv"; exit 1; }; \
		echo "Setting up $(VENV) with pip; TensorFlow is large, so the first time takes minutes"; \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --disable-pip-version-check -e '.[$(EXTRAS)]'; \
	fi
	@touch $@

demo: setup ## Enrol a rendered owner, play attempts through the whole device path, write demo.png
	$(BIN)/facelatch demo --out demo.png

lint: setup ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two runs: tflite-runtime cannot load in a process that has loaded TensorFlow.
test: lint ## Lint, types, import rules and all tests
	$(BIN)/pytest tests/device
	$(BIN)/pytest tests/converter

board-test: setup ## Three emulated boards, faults, a log and its table (up to 15 minutes, Debian; see docs/board-tests.md)
	$(BIN)/python -m tests.board
	$(BIN)/python -m tests.board.faults_page

soak: setup ## Hours of camera faults in minutes; writes docs/faults.json and the tables of docs/faults.md
	$(BIN)/python -m tests.board.soak --log docs/faults.json
	$(BIN)/python -m tests.board.faults_page

format: setup ## Write the code as ruff wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove .venv and caches
	rm -rf $(VENV) .ruff_cache .mypy_cache .import_linter_cache .hypothesis demo.png
