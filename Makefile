# The whole developer interface. `make demo` and `make test` need nothing but Python 3.11 (with venv) and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.radames-

.PHONY: help demo test check bench proof docs interop clean
help:            ## this list
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

$(BIN)/python:
	@echo "Making the environment $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Radames needs Python 3.11 or newer: make demo PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMP)demo: $(BIN)/python pyproject.toml demo/pyproject.toml
	@echo "Installing Radames and the demonstration into $(VENV) (a minute or two, once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[demo]' -e ./demo
	@touch $@

$(STAMP)test: $(BIN)/python pyproject.toml demo/pyproject.toml
	@echo "Installing what the tests need into $(VENV) (a minute or two, once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[demo,tests,atomic-tools,rabbitmq,web,docs,dev]' -e ./demo
	@touch $@

demo: $(STAMP)demo  ## the equation of state of silicon, from nothing to a bulk modulus
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m radames_demo

check: $(STAMP)test  ## lint, types, layer contracts
	$(BIN)/ruff check src tests demo benchmarks
	$(BIN)/lint-imports
	$(BIN)/mypy -p aiida

test: $(STAMP)test  ## contracts and every test that this machine can run
	$(BIN)/lint-imports
	$(BIN)/ruff check src tests demo benchmarks
	$(BIN)/mypy -p aiida
	$(BIN)/python -m pytest tests -n 2 --dist loadfile

proof: $(STAMP)test  ## the same proofs at the sizes that the issues name
	RADAMES_PROOF=1 $(BIN)/python -m pytest tests -m proof -n 2 --dist loadfile

bench: $(STAMP)test  ## ours and aiida-core side by side (installs aiida-core in an environment of its own)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.graph

docs: $(STAMP)test  ## the documentation, under site/
	$(BIN)/mkdocs build -q -s

interop: $(BIN)/python  ## suites of published plugins on ours and on aiida-core: make interop SUITES=<folder of checkouts>
	@$(BIN)/python compat/interop.py $(SUITES)

clean:           ## remove the environment and everything made
	rm -rf $(VENV) .interop demo-output site .mypy_cache .ruff_cache .pytest_cache
