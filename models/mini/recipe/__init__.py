"""Makes rerank-wasm-mini: sources, data, training, export. `python -m recipe` lists the steps."""
