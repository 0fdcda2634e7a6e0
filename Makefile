# Everything a newcomer needs: `make demo` and `make test`. Both set up .venv in the checkout first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := realsense,gpio,convert,dev

# With a file of its own the set-up runs once, and again whenever what it installs from has changed.
STAMP := $(VENV)/.set-up

.PHONY: setup demo test lint format clean help

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## Make .venv and install everything into it (uv where it is installed, else pip)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Facelatch needs Python 3.11 or later, $(PYTHON) is $$($(PYTHON) --version); try make PYTHON=python3.12"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
		echo "Setting up $(VENV) with uv"; \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --python $(BIN)/python -e '.[$(EXTRAS)]'; \
	else \
		echo "Setting up $(VENV) with pip; this takes some minutes the first time"; \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'; \
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

format: setup ## Write the code as ruff wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove .venv and caches
	rm -rf $(VENV) .ruff_cache .mypy_cache .hypothesis demo.png
