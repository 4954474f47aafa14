# The commands of this project. Each installs its own tools, prints its steps and asks no questions.
.PHONY: help setup build demo serve screenshots test test-all check bench eval mini clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## installs everything that building and testing needs
	@scripts/setup.sh test

build: ## the WebAssembly files and the npm packages, into pkg/dist
	@scripts/build.sh

demo: ## ranks a sample set in Node; QUERY="…" FILE=… ranks your own text, MODEL=bge-reranker-base uses the big model
	@scripts/build.sh demo
	@QUERY="$(QUERY)" FILE="$(FILE)" MODEL="$(MODEL)" scripts/demo.sh

serve: build ## the demo page on http://127.0.0.1:8080 (PORT=…)
	@PORT="$(PORT)" node www/tools/serve.mjs

screenshots: ## the pictures of the demo page in docs/screenshots, taken in Chromium
	@scripts/setup.sh test
	@scripts/build.sh
	@node www/tools/screenshots.mjs

test: ## the tests: Rust, wasm in Node, in Chromium, in workerd
	@scripts/test.sh

test-all: ## adds Firefox, WebKit, Deno, Bun, Vite, webpack, Next and the example workers in wrangler: some 20 minutes more
	@scripts/test-all.sh

check: ## format, lints, types, a minute of fuzzing for each parser, sizes of the built files
	@scripts/check.sh

bench: ## speed, memory, load time and accuracy beside onnxruntime-web and transformers.js: a table and bench/results.json
	@scripts/bench.sh

eval: ## measures how well the small model ranks a showcase and held-out sources; MODEL=directory measures another
	@MODEL="$(MODEL)" models/mini/eval.sh

mini: ## makes the small model anew, in hours; SMOKE=1 runs every step on a slice, STEPS="data train" runs these steps
	@SMOKE="$(SMOKE)" MINUTES="$(or $(MINUTES),inf)" models/mini/make.sh $(STEPS)

clean: ## removes the build output of this checkout and keeps the cache, ~/.cache/rerank-wasm
	@rm -rf pkg/dist node_modules tests/runtimes/everywhere/node_modules
