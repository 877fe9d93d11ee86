# What a person does with the list; CONTRIBUTING.md says more.
PYTHON ?= python3
PIP = .venv/bin/python -m pip --quiet --disable-pip-version-check install --upgrade
# The packages that pyproject.toml names: those of the updater, and those of the tests.
LIST = import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))
RUN = $(LIST); print(*p["project"]["dependencies"], sep="\n")
DEV = $(LIST); print(*p["dependency-groups"]["dev"], sep="\n")

.PHONY: help demo update test check bench torture clean
help:
	@echo "make demo    the whole job on a saved answer of arXiv, into build/demo/"
	@echo "make update  the real thing: ask arXiv, write README.md and articles/"
	@echo "make test    the tests"
	@echo "make check   style, types and workflows"
	@echo "make bench   what a run costs, by the age of the list"
	@echo "make torture 200 runs that are killed at some moment"

demo: .venv/run
	@rm -rf build/demo && mkdir -p build/demo
	@cp -R config.yaml templates build/demo/
	@sed -n '1,/LATEST_PAPERS_END/p' README.md > build/demo/README.md
	@.venv/bin/python update_papers.py --root build/demo --feed tests/data/answer.atom
	@echo "Written to build/demo/: open README.md there first, then articles/README.md; articles/data/ is the store."

update: .venv/run
	.venv/bin/python update_papers.py

test: .venv/dev
	.venv/bin/python -m pytest --quiet

check: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/zizmor --quiet --strict-collection --offline --pedantic .github/workflows .github/dependabot.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

bench: .venv/dev
	.venv/bin/python tests/benchmark.py

torture: .venv/dev
	TORTURE=200 .venv/bin/python -m pytest --quiet --no-cov -k torture

clean:
	rm -rf .venv build .coverage .*_cache

.venv/run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: install it, or name it with: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@$(PYTHON) -c '$(RUN)' > .venv/run.txt
	@echo "Installing the packages of the updater into .venv"
	@$(PIP) -r .venv/run.txt
	@touch $@

.venv/dev: .venv/run
	@$(PYTHON) -c '$(DEV)' > .venv/dev.txt
	@echo "Installing the packages of the tests into .venv"
	@$(PIP) -r .venv/dev.txt
	@touch $@
