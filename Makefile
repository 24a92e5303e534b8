# CARTograph: `make app` opens the app, `make test` checks everything. Both set themselves up on first use.
.DEFAULT_GOAL := help
.PHONY: help app test lint format bench requirements clean set-up set-up-test
export PYTHON CHROME

BIN := .venv/bin
PORT ?= 8501

help:  ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*  ## /\1	/p' Makefile | expand -t 16

app: set-up  ## open the app on the sample cohort: http://localhost:8501 (another port: make app PORT=8600)
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: set-up-test lint  ## lint, types, import contract, then unit, app and browser tests
	@if command -v node >/dev/null 2>&1 && [ -d tests/js ]; then node --test tests/js/*; fi
	@$(BIN)/python -m pytest $(TESTS)

lint: set-up-test  ## ruff, mypy, import contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict cartograph
	@$(BIN)/mypy app.py components pages sample_data scripts benchmarks
	@$(BIN)/lint-imports --no-logo

format: set-up-test  ## let ruff mend and format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: set-up-test  ## measure steps, drag and scan of a cutoff and every page, each beside its floor and its peers in the same run
	@$(BIN)/python -m benchmarks.explore
	@$(BIN)/python -m benchmarks.drag
	@$(BIN)/python -m benchmarks.cutoff_scan
	@$(BIN)/python -m benchmarks.pages

requirements: set-up-test  ## pin the packages of pyproject.toml again (newest versions: UPGRADE=--upgrade)
	@$(BIN)/python -m scripts.compile_requirements $(UPGRADE)

clean:  ## remove the virtual environment and everything made
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info tests/browser/screenshots
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

set-up:
	@sh scripts/set_up.sh app

set-up-test:
	@sh scripts/set_up.sh test
