# Everything here runs on a machine that has only Python 3.11 or newer, make and a C library.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
OUTPUT ?= output

# The BLAS inside NumPy gains nothing from threads on matrices this small, and loses when several
# trainings run at once.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help animation animation-keras figures preview test test-frameworks test-browser test-cluster check format lint types bench readme-film gallery clean distclean

help:  ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

animation: $(VENV)/.run  ## Render the two ready-made scenes into output/
	@$(BIN)/epochreel render numpy_dark keras_style_side_by_side -o $(OUTPUT)

animation-keras: $(VENV)/.keras  ## Install Keras and film NumPy beside it, into output/
	@$(BIN)/epochreel render numpy_vs_keras -o $(OUTPUT)

preview: $(VENV)/.run  ## The same two scenes as small, quick drafts
	@$(BIN)/epochreel render numpy_dark keras_style_side_by_side -o $(OUTPUT) --preview

figures: $(VENV)/.run  ## Draw all figures into output/figures/, as SVG, PDF and PNG
	@$(BIN)/epochreel figures -o $(OUTPUT)/figures

test: $(VENV)/.dev  ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist loadscope

test-frameworks: $(VENV)/.frameworks  ## Test with real Keras 3, on JAX and on PyTorch
	KERAS_BACKEND=jax $(BIN)/python -m pytest -n 2 --dist loadscope tests/frameworks
	KERAS_BACKEND=torch $(BIN)/python -m pytest -n 2 --dist loadscope tests/frameworks/test_keras_recorder.py tests/frameworks/test_keras_engine.py

test-browser: $(VENV)/.browser  ## Test the gallery in real headless Chromium
	$(BIN)/python -m pytest tests/browser

test-cluster: $(VENV)/.cluster  ## Test with a real Dask scheduler and workers, on this machine
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/cluster

check: lint types test  ## Run every gate: format, lint, types, tests

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev  ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# The type checker can't follow an editable install's finder; three links show it the same package.
types: $(VENV)/.dev  ## Check the types
	@mkdir -p build/typing/epochreel
	@for part in nn render scenes; do ln -sfn ../../../$$part build/typing/epochreel/$$part; done
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.bench  ## Measure speed, as ratios within one run
	$(BIN)/python -m benchmarks

readme-film: $(VENV)/.run  ## Renew the films at the top of README
	$(BIN)/epochreel render docs/films/*.toml -o build/readme --no-gallery
	cp build/readme/*.gif docs/

# Pictures of scenes that need Keras or PyTorch stay as they are where these aren't installed.
gallery: $(VENV)/.run  ## Renew the pictures of docs/gallery/
	$(BIN)/python docs/gallery/make.py

clean:  ## Empty output/ and remove what builds leave behind
	find output -mindepth 1 ! -name README.md ! -name .gitignore -delete
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean  ## Remove the virtual environment as well
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Epochreel needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.cluster: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,cluster]'
	@touch $@

# Chromium itself comes from the system: apt-get install chromium, or CHROMIUM=/path/to/it
$(VENV)/.browser: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,browser]'
	@touch $@

$(VENV)/.bench: $(VENV)/.frameworks
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@touch $@

$(VENV)/.keras: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[keras]'
	@touch $@

$(VENV)/.frameworks: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,frameworks]'
	@touch $@
