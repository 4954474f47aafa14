//! The full tokenizer.json of bge-reranker-base.

use std::path::PathBuf;

/// # Panics
/// If the file does not exist.
pub fn bytes() -> Vec<u8> {
    let path = std::env::var_os("RERANK_WASM_TOKENIZER").map(PathBuf::from).unwrap_or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is not set"));
        home.join(".cache/rerank-wasm/tokenizer/tokenizer.json")
    });
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; make the file with models/standin/full-tokenizer.py or `make test`", path.display())
    })
}
