# Each of these does all set-up on a fresh machine with python3 (3.11 to 3.13) and make:
#   make demo   searches the NASNet space on real scans of digits, in about three minutes
#   make test   lint, types, layer rules and the fast tests
#   make docs   the site, in build/docs: warnings are errors, links are checked
#   make dist   wheel and sdist, in dist: the README's tour runs from the wheel in a fresh environment (QUICK=1: with fewer trials)
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types layers unit slow docs dist gpu clean

demo: .venv/installed
	$(BIN)/nasbench search --space nasnet --strategy ppo --dataset digits --recipe quick --trials 24 --wandb off

test: lint types layers unit

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

layers: .venv/installed
	$(BIN)/lint-imports

# Where Linux has room for them in memory, the files of tests lie there: runs wait until the disk has what they write.
MEMORY := $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 2000000 {print "/dev/shm"}')

# Bytecode is kept, whatever the environment says: the processes that tests start would compile everything anew.
unit: export PYTHONDONTWRITEBYTECODE =
unit: .venv/installed
	$(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY)) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder \
		--override-ini tmp_path_retention_policy=failed

slow: .venv/installed
	$(BIN)/pytest -m slow

docs: .venv/docs
	rm -rf build/docs
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs build/docs
	$(BIN)/python docs/check_site.py build/docs

# The wheel is built from the sdist, and once more by the check.
dist: .venv/release
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python .ci/check_dist.py dist $(if $(QUICK),--quick)

.venv/docs .venv/release: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(notdir $@)]'
	touch $@

# Within ten minutes on a machine with one GPU; where there is no .venv, with the packages that PYTHON has.
gpu:
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) benchmarks/gpu.py $(GPU)

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
