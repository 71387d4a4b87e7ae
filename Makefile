# Every command of the project. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test fuzz check python web bench-viewer bench-python ptx bench gpu gpu-bundle clean

# Runs a command with build products shared between clones where there is a place for them.
CARGO := .ci/cached cargo

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Lay out a real graph; the picture and the table of positions go to out/
	$(CARGO) run --release --locked --package graphlume-cli --no-default-features -- demo

test: ## Run every test, print the totals and what was skipped
	.ci/test

fuzz: ## Read files and queries that are changed at random, a minute each; needs a C++ compiler
	.ci/fuzz

check: ## Format, lints, documentation, licenses and dependencies; offline once fetched
	.ci/check

python: ## Build the Python package, install it into a fresh environment and test it
	.ci/python

web: ## Check and test the browser viewer, in a browser where there is one; needs Node
	.ci/web

ptx: ## Make the committed PTX of every kernel anew; fetches NVRTC and ptxas once
	.ci/ptx

bench-python: ## Measure the Python package beside its peers
	.ci/python --bench --write benches/results/python.md

bench-viewer: ## Measure the browser viewer beside sigma, cosmos.gl and deck.gl; needs Node and Chromium
	cd benches/viewer && npm ci --loglevel=error && rm -f out/results.jsonl
	cd benches/viewer && node run.mjs --repetitions 3
	cd benches/viewer && node run.mjs --repetitions 3 --nodes 100000 --edges 200000
	cd benches/viewer && node run.mjs --libraries graphlume,graphlume-whole --nodes 1000000 --edges 2000000
	cd benches/viewer && node report.mjs

bench: ## Run every benchmark; use a quiet machine
	$(CARGO) bench --workspace --all-features --locked --bench layout --bench picture
	python3 benches/ingest.py

gpu: ## Test and measure the kernels on this machine's GPU; a table goes to benches/results/
	.ci/gpu-bundle
	target/gpu-bundle/run benches/results

gpu-bundle: ## Build what `make gpu` runs, for a machine without Rust: target/gpu-bundle/run
	.ci/gpu-bundle

clean: ## Remove build products and out/; the shared cache stays
	cargo clean
	rm -rf out
