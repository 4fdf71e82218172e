# Everything a developer or an operator types. `make demo` and `make test` need only Python >= 3.11.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
once ?=
port ?= 8000

.PHONY: demo test check format serve bench client lock openapi clean

demo: $(READY)  ## the sample district, served, and the story told (once=1 stops after it)
	$(BIN)/xinxin demo --port $(port) $(if $(once),--once)

test: $(READY)  ## the whole suite on SQLite and PostgreSQL
	$(BIN)/pytest -n auto

check: $(READY)  ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

serve: $(READY)  ## the API on var/xinxin.db, for development
	XINXIN_ENVIRONMENT=development $(BIN)/xinxin serve --port $(port)

bench: $(READY)  ## the speed marks, with their limits beside them
	$(BIN)/python bench/run.py $(args)

client: $(READY)  ## the mini-program's client, tested on a server of its own (needs node >= 20)
	cd clients/miniprogram && npm ci --loglevel=error && npm run --silent check
	$(BIN)/python clients/miniprogram/tests/serve.py npm test --silent

openapi: $(READY)  ## write openapi.yaml anew
	$(BIN)/xinxin openapi > openapi.yaml

lock: $(READY)  ## pin and hash what pyproject.toml asks for (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --quiet -o requirements-dev.lock

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

clean:
	rm -rf .venv var build *.egg-info
