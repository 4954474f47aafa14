# The commands of this project. Each installs what it needs, says what it does and asks nothing.
.PHONY: help setup build demo serve test check bench eval mini clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

setup: ## installs everything that building and testing needs
	@scripts/setup.sh test

build: ## the wasm artifact and the npm packages, into pkg/dist
	@scripts/setup.sh build
	@scripts/build.sh

demo: build ## ranks a sample set in Node; QUERY="…" FILE=… ranks your own, MODEL=bge-reranker-base takes the big model
	@QUERY="$(QUERY)" FILE="$(FILE)" MODEL="$(MODEL)" node scripts/demo.mjs

serve: build ## the demo page on http://127.0.0.1:8080 (PORT=…)
	@PORT="$(PORT)" node scripts/serve.mjs

test: ## every test: Rust, wasm in Node, in Chromium, in workerd
	@scripts/test.sh

check: ## format, lints, types, a minute of fuzzing for each parser, artifact sizes
	@scripts/check.sh

bench: ## speed, memory, load time and accuracy beside onnxruntime-web and transformers.js: a table and bench/results.json
	@scripts/bench.sh

eval: ## how well the small model ranks a showcase and held-out sources; MODEL=directory measures another
	@MODEL="$(MODEL)" scripts/eval.sh

mini: ## makes the small model anew, hours; SMOKE=1 passes all of it on a slice, STEPS="data score train" takes a part
	@SMOKE="$(SMOKE)" MINUTES="$(or $(MINUTES),inf)" scripts/mini.sh $(STEPS)

clean: ## removes what was built in this checkout (the cache stays: ~/.cache/rerank-wasm)
	@rm -rf pkg/dist node_modules
