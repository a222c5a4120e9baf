# Two commands do all the set-up: `make demo` and `make test`. Everything runs from .venv, made from the locks.

PYTHON ?= python3
BIN := .venv/bin
AFTERWARD := $(BIN)/afterward
MEMBERS ?= 12000
DEMO := demo
export BENTOML_DO_NOT_TRACK = True
export MLFLOW_DISABLE_TELEMETRY = true

.PHONY: help install demo test check soak serve clean lock bench-chain bench-committee bench-definitions bench-gaps \
  bench-gaps-claims bench-impact bench-oracle bench-scorecard bench-sources bench-worklist

help:
	@echo "make install      .venv from the lock, which the others make by themselves"
	@echo "make demo         simulate a network, train, evaluate, promote, and print today's outreach list"
	@echo "make test         the test suite, about 16 minutes on 2 cores"
	@echo "make check        format, lint, types, import contracts and the fast tests, under 2 minutes"
	@echo "make soak         the long forms of the tests"
	@echo "make serve        the worklist and the scoring service on what make demo made"
	@echo "make bench-chain  rows per second and peak memory of load, build, train, score"
	@echo "make bench-definitions  10 million claim lines to labelled index stays, beside a plain read"
	@echo "make bench-gaps   ten quality measures for 100,000 patients, patients per second"
	@echo "make bench-gaps-claims  four measures on the claims of 20,000 simulated members, people per second"
	@echo "make bench-sources 200 MB of FHIR through the reader, beside a bare parse of its JSON"
	@echo "make bench-oracle how much of a planted truth the model learns, on networks never seen"
	@echo "make bench-committee  coverage of the audit's intervals, false alarms of the monitor, a million rows"
	@echo "make bench-scorecard how often the scorecard's intervals hold a planted truth"
	@echo "make bench-impact how often the evaluation of outreach holds a planted truth"
	@echo "make bench-worklist  the first page of 5,000 people, and 20 people who record calls at once"
	@echo "make clean        remove demo/ and the caches"
	@echo "make lock         resolve the locks anew from pyproject.toml (needs uv)"

.venv/.base: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make demo PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing from requirements.lock (a few minutes, once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.extras: .venv/.base requirements-extras.lock
	@echo "installing from requirements-extras.lock"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-extras.lock
	@touch $@

install: .venv/.base

demo: .venv/.base
	@rm -rf $(DEMO)
	@AFTERWARD=$(AFTERWARD) MEMBERS=$(MEMBERS) sh demo.sh $(DEMO)

tests/node/node_modules/.package-lock.json: tests/node/package-lock.json
	@command -v npm > /dev/null && cd tests/node && npm ci --silent --no-audit --no-fund || echo "no npm: what it would check is skipped"

test: .venv/.base .venv/.extras tests/node/node_modules/.package-lock.json
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not soak" --durations=25

check: .venv/.base
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not soak"

soak: .venv/.base .venv/.extras
	AFTERWARD_HYPOTHESIS=soak $(BIN)/python -m pytest --durations=25

serve: .venv/.base
	@test -d $(DEMO)/releases || { echo "Run make demo first: there is no model to serve."; exit 1; }
	@AFTERWARD_RELEASES=$(DEMO)/releases AFTERWARD_STORE=$(DEMO)/store AFTERWARD_API_KEY=$${AFTERWARD_API_KEY:-demo-key} AFTERWARD_DATABASE_URL=$${AFTERWARD_DATABASE_URL:-sqlite:///$(DEMO)/afterward.db} AFTERWARD_TODAY=$${AFTERWARD_TODAY:-2024-12-31} $(AFTERWARD) serve

bench-chain: .venv/.base
	$(BIN)/python -m tests.benchmarks.chain

bench-definitions: .venv/.base
	$(BIN)/python -m tests.benchmarks.definitions

bench-gaps: .venv/.base
	$(BIN)/python -m tests.benchmarks.gaps

bench-gaps-claims: .venv/.base
	$(BIN)/python -m tests.benchmarks.gaps_on_claims

bench-sources: .venv/.base
	$(BIN)/python -m tests.benchmarks.sources

bench-oracle: .venv/.base
	$(BIN)/python -m tests.benchmarks.oracle

bench-committee: .venv/.base
	$(BIN)/python -m tests.benchmarks.committee

bench-scorecard: .venv/.base
	$(BIN)/python -m tests.benchmarks.scorecard

bench-impact: .venv/.base
	$(BIN)/python -m tests.benchmarks.impact

bench-worklist: .venv/.base
	$(BIN)/python -m tests.benchmarks.worklist

clean:
	rm -rf $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis

lock:
	uv pip compile pyproject.toml --extra dev --generate-hashes --no-annotate --no-header --no-emit-index-url --python-version 3.11 -q -o requirements.lock
	uv pip compile pyproject.toml --extra spark --extra peers -c requirements.lock --generate-hashes --no-annotate --no-header --no-emit-index-url --python-version 3.11 -q -o .all.lock
	$(PYTHON) -m tests.locks .all.lock requirements.lock > requirements-extras.lock
	rm .all.lock
