# astcti: each of these does its own set-up (tools/setup), quickly when there is nothing to do.

OUR_PYTHON := .venv/bin/python
DEMO_SECONDS ?=
FUZZ_SECONDS ?= 120

.PHONY: help demo test fast-test bench fuzz lint docs lock clean

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 \t/p' $(MAKEFILE_LIST) | expand -t 24

demo:  ## watch calls turn into screen pops, no PBX needed (DEMO_SECONDS=20 ends it)
	@tools/setup runtime
	@$(OUR_PYTHON) -m astcti demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

test:  ## everything: units, lint, packaging, fuzzing, real Asterisk 16 and 22
	@tools/setup test
	@$(OUR_PYTHON) tools/run_tests.py

fast-test:  ## what needs no outside program, in a minute
	@tools/setup develop
	@$(OUR_PYTHON) tools/run_tests.py --fast

bench:  ## the figures of docs/performance.md, measured anew
	@tools/setup develop
	@$(OUR_PYTHON) -m benchmarks

fuzz:  ## rubbish for every reader, FUZZ_SECONDS=120 each
	@tools/setup develop
	@$(OUR_PYTHON) tools/fuzz.py --seconds $(FUZZ_SECONDS)

lint:  ## ruff and mypy; lays the code out as well
	@tools/setup develop
	@.venv/bin/ruff format -q . && .venv/bin/ruff check --fix . && $(OUR_PYTHON) -m mypy

docs:  ## the documents as pages, in build/docs
	@tools/setup develop
	@$(OUR_PYTHON) -m sphinx -q -W --keep-going docs build/docs && echo build/docs/index.html

lock:  ## requirements/*.txt from the ranges in setup.cfg (wants uv)
	@tools/lock

clean:  ## remove what all this has made, also .venv and .cache
	rm -rf .venv .cache build dist *.egg-info .mypy_cache .ruff_cache .hypothesis _trial_temp* .coverage* \
	    twisted/plugins/dropin.cache
	find . -name __pycache__ -prune -exec rm -rf {} +
