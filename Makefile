# `make run` and `make test` do all the set-up on a machine with Python 3.11 or newer.
export PYTHON ?= python3
BIN := .venv/bin
# Files of tests take turns on two processes: one uses little more than one core.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: run test check-full soak lint system system-test clean

run: .venv/runtime.stamp
	@$(BIN)/python run_app.py

test: lint system-test
	@$(PYTEST) -m "not full"

check-full: lint system-test
	@$(PYTEST)

soak: .venv/dev.stamp
	@$(BIN)/python -m tests.faults.soak $(SOAK)

lint: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

system:
	@./setup.sh

system-test:
	@./setup.sh xvfb:Xvfb

.venv/runtime.stamp: requirements.txt | system
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed") if sys.version_info < (3, 11) else 0'
	@echo "setting up .venv (about 1.5 GB, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/runtime.stamp
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv out
