# The commands of this project. Each installs its own tools, prints its steps and asks no questions.
.PHONY: help setup build demo serve screenshots test test-all check reproduce bench eval mini clean
.DEFAULT_GOAL := help

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## installs everything that building and testing needs
	@scripts/setup.sh test

build: ## builds the engines and the npm packages, into pkg/dist
	@scripts/build.sh
	@scripts/recall.sh

demo: ## ranks a sample set in Node; QUERY="…" FILE=… ranks your own text, MODEL=bge-reranker-base uses the big model
	@scripts/build.sh demo
	@QUERY="$(QUERY)" FILE="$(FILE)" MODEL="$(MODEL)" scripts/demo.sh

serve: build ## serves the demo page on http://127.0.0.1:8080 (PORT=…)
	@PORT="$(PORT)" node www/tools/serve.mjs

screenshots: ## takes the pictures of the demo page for docs/screenshots, in Chromium
	@scripts/setup.sh test
	@scripts/build.sh
	@node www/tools/screenshots.mjs

test: ## runs the tests: Rust, wasm in Node, in Chromium, in WebKit, in workerd
	@scripts/test.sh

test-all: ## runs the tests, also in Firefox, WebKit, Deno, Bun, bundlers and wrangler: some 20 minutes more
	@scripts/test-all.sh

check: ## checks format, lints, imports, types and sizes of the built files, and fuzzes each parser for a minute
	@scripts/check.sh

reproduce: ## builds the engines a second time, elsewhere, and compares the bytes: some ten minutes
	@scripts/reproduce.sh

bench: ## measures speed, memory, load time and accuracy beside onnxruntime-web and transformers.js; writes bench/results.json; FAMILIES=1 adds each family of models
	@FAMILIES="$(FAMILIES)" scripts/bench.sh

eval: ## measures how well the small model ranks a showcase and held-out sources; MODEL=directory measures another
	@MODEL="$(MODEL)" models/mini/eval.sh

mini: ## makes the small model anew, in hours; SMOKE=1 runs every step on a slice, STEPS="data train" runs these steps
	@SMOKE="$(SMOKE)" MINUTES="$(or $(MINUTES),inf)" models/mini/make.sh $(STEPS)

clean: ## removes the build output of this checkout and keeps the cache, ~/.cache/rerank-wasm
	@rm -rf pkg/dist pkg/recall/dist node_modules tests/runtimes/everywhere/node_modules
