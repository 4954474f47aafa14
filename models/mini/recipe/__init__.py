"""How rerank-wasm-mini is made: sources, data, training, export. `python -m recipe` lists the steps."""
