# Everything that a newcomer needs is `make serve` and `make test`; both install what they need into .venv.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PEERS := mlserver kserve litserve bentoml ray
SOAKED_PEERS := mlserver litserve bentoml
CONFORMANCE_PEERS := kserve ovmsclient mlserver triton

NEED_PYTHON := test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3"; exit 1; }

.PHONY: help serve address train tuned studies site test test-fast coverage chromium check format compose-test deploy-test bare-debian-test arm64-test \
	benchmark wrk benchmark-grpc benchmark-training benchmark-wire-formats benchmark-score benchmark-verdicts benchmark-claims benchmark-studies benchmark-explorer \
	benchmark-trainer conformance pictures soak soak-others hostile \
	lock wheel sbom audit clean

help:
	@echo "make serve         train the models if there are none, then serve them on http://127.0.0.1:8000"
	@echo "make train         train the next version of every model"
	@echo "make tuned         train the same networks with learning rate and epochs chosen in each run (1 minute)"
	@echo "make studies       put the notebook's claims to the test, and write docs/studies from what comes of it (10 minutes)"
	@echo "make site          save the pages as files for any web server, in site/ (SITE=DIR: elsewhere)"
	@echo "make test          run the tests"
	@echo "make test-fast     run those that need no browser and do not train or soak"
	@echo "make coverage      run the tests and list the lines and branches that none of them runs"
	@echo "make check         lint, formatting and types"
	@echo "make lint-js       the part of it for the pages' JavaScript (needs npm)"
	@echo "make format        format the code"
	@echo "make compose-test  test the compose stack (needs Docker)"
	@echo "make deploy-test   break the compose stack on purpose: kills, restarts, a full disk, slow clients (5 minutes, needs Docker)"
	@echo "make bare-debian-test  follow the README in a Debian without anything else (10 minutes, needs root and debootstrap)"
	@echo "make arm64-test    look whether every locked package has a wheel for 64-bit ARM (needs the network)"
	@echo "make benchmark     compare serving with an echo, naive servers and other serving systems (30 minutes, needs wrk;"
	@echo "                   QUICK=--quick: one point alone, 3 minutes; QUICK=--bodies: many points alone, 9 minutes)"
	@echo "make benchmark-grpc  compare serving over gRPC with MLServer's (3 minutes, needs h2load)"
	@echo "make benchmark-training  compare the CPU time and memory of training with Keras and JAX (15 minutes)"
	@echo "make benchmark-wire-formats  time 90,000 points in every format that the service speaks (20 seconds)"
	@echo "make benchmark-score  score ten million points from CSV to Parquet, beside the engine alone (5 minutes, Linux)"
	@echo "make benchmark-verdicts  hold intervals, tests and verdicts against real runs, of which there are many (5 minutes)"
	@echo "make benchmark-claims  count how often a study's claim is judged wrongly where it is hardest to judge (5 minutes)"
	@echo "make benchmark-studies  what the engine of studies costs, how it scales, with 200 cells of 30 runs (10 minutes)"
	@echo "make benchmark-explorer  time the pages' first view and what follows, and weigh them (2 minutes)"
	@echo "make benchmark-trainer  time thirty runs of two networks in the page, to the verdict (2 minutes)"
	@echo "make conformance   have published clients ask this service and others for all of both standards (2 minutes)"
	@echo "make pictures      take the page's screenshots in docs/images"
	@echo "make soak          break a gunicorn on purpose: load, new and broken versions, kills, restarts, shortages (7 minutes)"
	@echo "make soak-others   break this service and other model servers in the same ways, and count lost answers (15 minutes)"
	@echo "make hostile       send 100,000 hostile inputs to a gunicorn, over every interface (15 minutes; COUNT=1000: fewer)"
	@echo "make lock          re-resolve the dependencies"
	@echo "make wheel         build the wheel reproducibly: one commit, the same bytes"
	@echo "make sbom          write the images' software bill of materials (CycloneDX) into dist/"
	@echo "make audit         check the locked versions for known vulnerabilities"
	@echo "make clean         remove what was installed, built or cached; models stay"

serve: address $(VENV)/run
	$(BIN)/python -m training train --if-missing
	$(BIN)/gunicorn

# A taken port is found before minutes of installing and training.
address:
	@$(NEED_PYTHON)
	@$(PYTHON) -m service.address

train: $(VENV)/run
	$(BIN)/python -m training train

tuned: $(VENV)/run
	$(BIN)/python -m training train training/experiments/tuned.toml

STUDIES := units depth-and-data vanishing-gradients relu-or-tanh epochs three-dimensions

# A cell that fails is told at once, and the other studies are run all the same.
studies: $(VENV)/run
	@failed=0; for study in $(STUDIES); do \
		$(BIN)/python -m training study training/experiments/studies/$$study.toml || failed=1; done; \
		$(BIN)/python -m benchmarks.study_pages && exit $$failed

SITE ?= site

site: $(VENV)/run
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m service.site $(SITE)

# Three at a time, for tests wait much of their time: for servers to start, for pages to settle. A file's tests go to one
# process, which makes what they share once; the long files come first (tests/conftest.py), in the order given here.
# Where the environment says that Python shall not keep what it compiles, each would do so again, for seconds.
unexport PYTHONDONTWRITEBYTECODE
JOBS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: chromium $(VENV)/dev
	$(PYTEST) -m "not (compose or debian or arm64)"

test-fast: $(VENV)/dev
	$(PYTEST) -m "not (compose or debian or arm64 or soak or training or browser)"

coverage: chromium $(VENV)/dev
	$(PYTEST) --cov --cov-report=term -m "not (compose or debian or arm64)"

# The browser that the tests of pages need: Debian's, where this may install it. The tests take the shell where it is there.
chromium:
	@{ command -v chromium && command -v chromium-headless-shell; } > /dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && apt-get update --quiet \
			&& apt-get install --quiet --yes --no-install-recommends chromium chromium-headless-shell; } \
		|| { command -v chromium || command -v chromium-browser || command -v google-chrome; } > /dev/null \
		|| echo "the tests of pages are skipped without a browser: apt install chromium, or dnf install chromium"

compose-test: $(VENV)/dev
	$(BIN)/python -m pytest -p no:randomly -m compose  # in order: its tests stop what others need

# In order: its last test trains anew. MAKE_TEST=1 runs the tests there as well.
bare-debian-test: $(VENV)/dev
	$(BIN)/python -m pytest -p no:randomly -m debian

arm64-test: $(VENV)/dev
	$(BIN)/python -m pytest -p no:randomly -m arm64

deploy-test: $(VENV)/dev
	$(BIN)/python -m chaos.deploy

check: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# A lock file names every package, so no dependency is looked for. Looking fails (pypa/pip#9644) once a package that another
# asks for with an extra, as pytest-cov does for coverage[toml], has a newer release than the locked one.
LOCKED := --require-hashes --no-deps

# $(call install,ENVIRONMENT,FILES): by uv, in a seventh of pip's time. It reads none of pip's settings: where those name
# the only index that can be reached, pip installs. Of what uv says, its lines for each package are left out. The target is
# there afterwards if all went well; a pipe's status is its last command's.
PIP = $(1)/bin/python -m pip install --quiet --disable-pip-version-check $(LOCKED)
UV = $(1)/bin/uv --no-config pip install --python $(1)/bin/python $(LOCKED)
install = rm -f $@; { { $(PIP) -r requirements/uv.txt && $(UV) $(2:%=-r %); } \
	|| { echo "uv could not install; pip tries, which takes longer" && $(PIP) $(2:%=-r %); } && touch $@; } 2>&1 \
	| grep --line-buffered -vE '^ ([-+]|Downloaded) '; test -e $@

# As pip does since 24.2: an organisation's own certificate is among the system's.
export UV_SYSTEM_CERTS := 1

# Linux only: it reads memory from /proc. QUICK=--quick compares one point alone, in 3 minutes; QUICK=--bodies 1,000 and
# 90,000 points in every request format alone, in 9.
benchmark: wrk $(VENV)/dev $(PEERS:%=$(VENV)-peers/%/installed)
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.serving $(QUICK)

wrk:
	@command -v wrk > /dev/null || { echo "wrk is needed: apt install wrk, or dnf install wrk"; exit 1; }

# Each of them has an environment of its own; one that cannot be installed is left out of the benchmark.
$(VENV)-peers/%/installed: requirements/peers/%.txt
	@$(NEED_PYTHON)
	@{ $(PYTHON) -m venv $(@D) \
		&& $(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $< \
		&& touch $@; } || { echo "$*: cannot be installed, so it is not measured"; rm -rf $(@D); }

# What it compares with is installed apart, into .venv-benchmarks.
benchmark-training: $(VENV)-benchmarks/installed
	$(VENV)-benchmarks/bin/python -m benchmarks.training

# Needs h2load: Debian's nghttp2-client.
benchmark-grpc: $(VENV)/dev $(VENV)-peers/mlserver/installed
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.serving.over_grpc

benchmark-wire-formats: $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.wire_formats

benchmark-score: $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.score

# Six hundred real runs of four models are trained at first, and kept below .cache.
benchmark-verdicts: $(VENV)/dev
	$(BIN)/python -m benchmarks.verdicts

# Of the same real runs.
benchmark-claims: $(VENV)/dev
	$(BIN)/python -m benchmarks.claims

benchmark-studies: $(VENV)/dev
	$(BIN)/python -m benchmarks.studies

benchmark-explorer: chromium $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.explorer
	$(BIN)/python -m benchmarks.explorer.studies

benchmark-trainer: chromium $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.trainer

# Clients and servers that are not in the tests' environment; one that cannot be installed is left out.
conformance: $(VENV)/dev $(CONFORMANCE_PEERS:%=$(VENV)-peers/%/installed)
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m benchmarks.conformance.page

pictures: chromium $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m training train training/experiments/tuned.toml --if-missing
	$(BIN)/python -m benchmarks.explorer.pictures
	$(BIN)/python -m benchmarks.trainer.pictures
	$(BIN)/python -m benchmarks.lesson.pictures

soak: $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m chaos.soak

soak-others: $(VENV)/dev $(SOAKED_PEERS:%=$(VENV)-peers/%/installed)
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m chaos.others

COUNT ?= 100000

hostile: $(VENV)/dev
	$(BIN)/python -m training train --if-missing
	$(BIN)/python -m chaos.hostile --count $(COUNT)

$(VENV)-benchmarks/installed: requirements/benchmarks.txt
	@$(NEED_PYTHON)
	@$(call make_environment,$(@D))
	@$(call install,$(@D),$<)

# Made in one go: a half-made one is removed, or it would be taken for a whole one.
make_environment = $(PYTHON) -m venv $(1) \
	|| { rm -rf $(1); echo "no environment can be made: on Debian and Ubuntu, apt install python3-venv"; exit 1; }

# One without a working pip, such as that of a Python that is gone, is made anew with everything in it.
ifeq ($(shell $(BIN)/python -m pip --version 2> /dev/null),)
.PHONY: $(BIN)/python $(VENV)/run $(VENV)/dev
endif

$(BIN)/python:
	@$(NEED_PYTHON)
	@rm -rf $(VENV)
	@$(call make_environment,$(VENV))

# The lock files agree on every version, so going from run to dev only adds packages.
$(VENV)/run: requirements/run.txt | $(BIN)/python
	@echo "installing TensorFlow and what training, service and client need into $(VENV): 2.5 GB, a minute or more"
	@$(call install,$(VENV),$<)

# TensorFlow Serving's stubs alone: they ask for the package `tensorflow`, where `tensorflow-cpu` does.
$(VENV)/dev: requirements/dev.txt requirements/stubs.txt | $(BIN)/python
	@echo "installing TensorFlow and what the tests need into $(VENV): 3.1 GB, a minute or more"
	@$(call install,$(VENV),$^)

RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
LOCK := $(RESOLVE) pyproject.toml

# Keeps what is locked where it can; UPGRADE=--upgrade takes the newest of everything.
lock: | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) $(UPGRADE) --extra dev -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt --extra service --extra grpc -o requirements/service.txt
	$(LOCK) -c requirements/dev.txt --extra training -o requirements/training.txt
	$(LOCK) -c requirements/dev.txt --extra service --extra grpc --extra training --extra client -o requirements/run.txt
	$(LOCK) -c requirements/dev.txt --extra benchmarks -o requirements/benchmarks.txt
	$(RESOLVE) $(UPGRADE) --no-deps requirements/stubs.in -o requirements/stubs.txt
	echo uv | $(RESOLVE) -c requirements/dev.txt --no-deps - -o requirements/uv.txt

# The commit's time stands on every file in it, whenever and wherever it is built.
wheel: $(VENV)/dev
	rm -rf build  # or what has been deleted since would be in it
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/uv build --quiet --wheel --out-dir dist

# Tools of the release, not of the project: each in an environment of its own.
SBOM := $(BIN)/uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --pyproject pyproject.toml --mc-type application
AUDIT := $(BIN)/uvx --quiet pip-audit==2.10.1 --progress-spinner off --disable-pip

sbom: $(VENV)/dev
	@mkdir -p dist
	$(foreach image,service training,$(SBOM) --output-reproducible -o dist/$(image).cdx.json requirements/$(image).txt &&) true

# A database that cannot be asked finds nothing, and pip-audit then says that nothing was found: so it is asked first for
# a version that is known to be vulnerable, and a package that it does not know is an error (--strict).
audit: $(VENV)/dev
	@for source in pypi osv none; do \
		test $$source = none && { echo "NOT AUDITED: no database of vulnerabilities can be reached from here"; exit 1; }; \
		echo "jinja2==2.10" | $(AUDIT) --no-deps -s $$source -r /dev/stdin 2> /dev/null | grep -qE 'PYSEC|GHSA|CVE' && break; \
		echo "$$source: no answer"; \
	done; \
	for image in service training; do $(AUDIT) --strict --require-hashes -s $$source -r requirements/$$image.txt || exit 1; done

clean:
	rm -rf $(VENV) $(VENV)-benchmarks $(VENV)-peers build dist .schemathesis .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The pages' JavaScript: lint and types, by npm's packages in the locked versions. Nothing else needs npm.
.PHONY: lint-js
check: lint-js
lint-js:
	@if command -v npm > /dev/null; then $(MAKE) --silent node_modules/.package-lock.json && npm run --silent lint; \
	else echo "the pages' JavaScript is not checked without npm: apt install npm, or dnf install npm"; test -z "$$CI"; fi

node_modules/.package-lock.json: package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@
