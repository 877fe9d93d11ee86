# What a person does with the list; CONTRIBUTING.md says more.
PYTHON ?= python3
PORT ?= 8000
PIP = .venv/bin/python -m pip --quiet --disable-pip-version-check install --upgrade
# The packages that pyproject.toml names: those of the updater, and those of the tests.
PROJECT = import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))
RUN = $(PROJECT); print(*p["project"]["dependencies"], sep="\n")
DEV = $(PROJECT); print(*p["dependency-groups"]["dev"], sep="\n")

# Where another list gets the updater from: OWNER/REPO of this clone, its newest release, its commit.
URL = $(shell git remote get-url origin 2>/dev/null)
SOURCE = $(shell echo '$(URL)' | sed -nE 's,(\.git)?/?$$,,; s,^.*github[^/:]*[/:]([^/]+/[^/]+)$$,\1,p')
TAGS = $(shell git tag --list --sort=-version:refname 2>/dev/null)
TAG = $(firstword $(shell printf '%s\n' $(TAGS) | grep -Ex 'v[0-9]+\.[0-9]+\.[0-9]+'))
COMMIT = $(shell git rev-parse '$(TAG)^{commit}' 2>/dev/null)
# Some shells leave the tilde of LIST=~/my-list as it is.
PLACE = $(LIST:~/%=$(HOME)/%)

ACTIONS = action.yml report/action.yml
WORKFLOWS = .github/workflows/test.yml .github/workflows/update.yml \
  starter/.github/workflows/update.yml
DEPENDABOT = .github/dependabot.yml starter/.github/dependabot.yml

.PHONY: help demo new try update serve test check bench clean
help:
	@echo "make demo           the whole job on a saved answer of arXiv, into build/demo/"
	@echo "make new LIST=DIR   begin a list on another subject, in a folder of its own"
	@echo "make try LIST=DIR   build that list from nothing, into build/try/"
	@echo "make update         the real thing: ask arXiv, write README.md and articles/"
	@echo "make serve          the search page, on this machine"
	@echo "make test           the tests"
	@echo "make check          style, types and all tests, with what they cover"
	@echo "make bench          what a run costs, by the age of the list"
	@echo "make clean          delete .venv, build/ and what the tools left"

demo: .venv/run
	@rm -rf build/demo && mkdir -p build/demo
	@cp -R config.yaml templates build/demo/
	@sed -n '1,/LATEST_PAPERS_END/p' README.md > build/demo/README.md
	@.venv/bin/python update_papers.py --root build/demo --feed tests/data/answer.atom
	@echo "Written to build/demo/: open README.md there first, then articles/README.md."
	@grep -q '^# .*Reasoning Model Safety' README.md || \
	  echo "The papers are our sample, on the safety of reasoning models;" \
	    "make update asks for those of your subject."

new:
	@test -n "$(LIST)" || { echo "Say where the list is to be: make new LIST=../my-list"; exit 1; }
	@test ! -e "$(PLACE)/README.md" -a ! -e "$(PLACE)/config.yaml" || \
	  { echo "$(PLACE) has a README.md or config.yaml already: delete them, or name another folder"; exit 1; }
	@test -n "$(SOURCE)" || \
	  echo "Lists get the updater from this clone's origin, and it has none on GitHub:" \
	    "git remote $(if $(URL),set-url,add) origin https://github.com/OWNER/REPO"
	@test -n "$(TAG)" || \
	  echo "Lists get the newest release, a tag such as v2.0.0, and this clone has none:" \
	    "git fetch --tags, or make one as CONTRIBUTING.md says"
	@test -n "$(SOURCE)" -a -n "$(TAG)"
	@mkdir -p "$(PLACE)" && cp -R starter/. "$(PLACE)/"
	@sed -E 's,OWNER/REPO,$(SOURCE),; s,@0{40},@$(COMMIT),; s,v0\.0\.0,$(TAG),' \
	  starter/.github/workflows/update.yml > "$(PLACE)/.github/workflows/update.yml"
	@echo "Written to $(PLACE): edit config.yaml and README.md there, then: make try LIST='$(LIST)'"

try: .venv/run
	@test -f "$(PLACE)/config.yaml" -a -f "$(PLACE)/README.md" || \
	  { echo "Name a folder that has a config.yaml and a README.md: make try LIST=../my-list"; exit 1; }
	@rm -rf build/try && mkdir -p build/try
	@cp "$(PLACE)/config.yaml" "$(PLACE)/README.md" build/try/
	@if test -d "$(PLACE)/templates"; then cp -R "$(PLACE)/templates" build/try/; fi
	@.venv/bin/python update_papers.py --root build/try; status=$$?; \
	  test $$status -eq 0 -o $$status -eq 3 || exit $$status; \
	  echo "Written to build/try/, nothing in $(PLACE): open README.md there first, then articles/README.md."; \
	  exit $$status

update: .venv/run
	.venv/bin/python update_papers.py

serve:
	@echo "Open http://127.0.0.1:$(PORT)/search.html (Ctrl+C ends it, PORT=8001 takes another port)"
	@$(PYTHON) -m http.server --bind 127.0.0.1 --directory articles $(PORT)

# They start the script again and again, so that only `check` runs them.
SLOW = tests/test_workflow.py tests/test_starter.py

test: .venv/dev
	.venv/bin/python -m pytest --quiet $(SLOW:%=--ignore=%)

check: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/python -m pytest --quiet --cov --cov-report=term-missing:skip-covered
	.venv/bin/zizmor --quiet --strict-collection --offline --pedantic $(ACTIONS) $(WORKFLOWS) $(DEPENDABOT)
	.venv/bin/check-jsonschema --builtin-schema vendor.github-actions $(ACTIONS)
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	.venv/bin/check-jsonschema --builtin-schema vendor.dependabot $(DEPENDABOT)

bench: .venv/dev
	.venv/bin/python tests/benchmark.py
	.venv/bin/python -m tests.bench_search

clean:
	rm -rf .venv build .coverage .*_cache

.venv/run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: install it, or name it with: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "No .venv could be made: Python says why, above." \
	    "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PYTHON) -c '$(RUN)' > .venv/run.txt
	@echo "Installing the packages of the updater into .venv"
	@$(PIP) -r .venv/run.txt
	@touch $@

.venv/dev: .venv/run
	@$(PYTHON) -c '$(DEV)' > .venv/dev.txt
	@echo "Installing the packages of the tests into .venv"
	@$(PIP) -r .venv/dev.txt
	@touch $@
