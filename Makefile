# Each target does its own set-up; when nothing is missing that costs a fraction of a second.
# RINGPROOF_PYTHON=/path/to/python3.13 names the Python, RINGPROOF_ENGINE=keep forbids to install or start an engine.
# VERSION=16 makes the image of that Asterisk, and plays on it: `make e2e VERSION=16`.
MAKEFLAGS += --no-print-directory
PYTHON3 ?= python3
SETUP   := @PYTHONPATH=harness $(PYTHON3) -m ringproof.setup
BIN     := .venv/bin
VERSION ?= 22
export VERSION
OUT     := $(if $(filter 22,$(VERSION)),out,out/asterisk-$(VERSION))
# What `make e2e` plays, and on which image: yours with `make e2e SCENARIOS=my/scenarios IMAGE=my-asterisk:20`.
SCENARIOS := scenarios
IMAGE   := ringproof-asterisk:$(VERSION)
# More arguments, of `make e2e` for `ringproof run`, of `make test` for pytest: ARGS="-k lease -x"
ARGS    ?=
SHELL_SCRIPTS := .ci/run asterisk-image/init $(wildcard asterisk-image/*/build)

.PHONY: help setup venv engine image check format test e2e goldens fidelity exactness mutants faults coverage bench lock \
	clean clean-evidence
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## everything calls need: .venv, a Docker engine, the images (all targets do this themselves)
	$(SETUP) python engine image

venv:  ## only the .venv with the locked packages
	$(SETUP) python

engine:  ## only the Docker engine: the one that answers, else Debian's
	$(SETUP) engine

image:  ## only the images ringproof-asterisk:22 and ringproof-phones:2 (and the engine); VERSION=16 another PBX
	$(SETUP) engine image

check: venv  ## lint, formatting, types, import rules, shell scripts, the schemas of files; seconds, needs no engine
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(filter x86_64,$(shell uname -m)),$(BIN)/shellcheck $(SHELL_SCRIPTS),@echo "no shellcheck on ARM: left out")
	$(BIN)/pytest -q tests/schema

format: venv  ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: setup  ## all tests, those on a real PBX included, most of them side by side; not the bundled scenarios
	$(BIN)/python -m tests.in_two_runs $(ARGS)

e2e: setup  ## play every bundled scenario on a real PBX; VERSION=16 on another one, SCENARIOS=, IMAGE=, ARGS= your own
	$(BIN)/ringproof run $(SCENARIOS) --image $(IMAGE) --out $(OUT) $(ARGS)

goldens: setup  ## rewrite the expected messages in tests/golden/ from what is said now; read the diff
	$(BIN)/pytest tests --goldens $(ARGS)

fidelity: setup  ## play every bundled scenario at speed 1 and raced, and compare what was seen; some 10 minutes
	$(BIN)/python -m tests.fidelity $(ARGS)

exactness: setup  ## play the bundled suite 25 times, and count with which tolerances it would be red; some 70 minutes
	$(BIN)/python -m tests.exactness --image ringproof-asterisk:$(VERSION) $(ARGS)

mutants: setup  ## 200 wrong dialplans at random, and one that each scenario catches; writes docs/mutants.md, docs/caught.md
	$(BIN)/python -m tests.mutants --random 200 --seed 1 --report docs/mutants.md $(ARGS)
	$(BIN)/python -m tests.mutants --each --seed 1 --report docs/caught.md $(ARGS)

faults: venv  ## 10,000 plays of a scripted PBX and phones, each with a fault in what they send; minutes, needs no engine
	$(BIN)/pytest tests/faults -q -n auto --seeds 10000 $(ARGS)

coverage: venv  ## which share of each package's lines the tests without a PBX run; minutes, needs no engine
	$(BIN)/python -m tests.covered $(ARGS)

bench: setup  ## measure boot, overhead, phones, validate; prints a table
	$(BIN)/python -m tests.bench

lock: venv  ## make requirements.lock anew from pyproject.toml and requirements.in (asks the package index)
	$(BIN)/python -m ringproof.setup.lock

clean:  ## remove what was made here: .venv, packages, caches (not the evidence, the engine, the images)
	rm -rf .venv build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-evidence:  ## remove out/: the results and the evidence of all runs
	rm -rf out
