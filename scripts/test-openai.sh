#!/usr/bin/env bash
# test-openai.sh: OpenAI's Python package asks the handler of rerank-wasm/edge for embeddings. The script needs pkg/dist,
# node_modules and bge-small-en-v1.5.
source "$(dirname "$0")/environment.sh"
source scripts/python-tool.sh
python_tool openai 3.57.0
export KEY=a-key-for-openai
serve_for test-openai node tests/support/servers/model-server.mjs
say "the Python package openai on $URL"
PYTHONPATH=$PYTHON_TOOL OPENAI_API_KEY=$KEY OPENAI_BASE_URL=$URL/v1 python3 tests/support/programs/openai-embeddings.py
