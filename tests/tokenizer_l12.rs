//! Token ids of ms-marco-MiniLM-L-12-v2's tokenizer against Hugging Face's own, on 180 pairs in twelve scripts.

mod support;

use std::path::PathBuf;

use rerank_wasm::tokenizer::Tokenizer;
use serde::Deserialize;

const END: u32 = 102;

#[derive(Deserialize)]
struct Pair {
    script: String,
    query: String,
    document: String,
    ids: Vec<u32>,
}

fn tokenizer() -> Tokenizer {
    let folder = std::env::var_os("RERANK_WASM_L12").map(PathBuf::from).unwrap_or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is not set"));
        home.join(".cache/rerank-wasm/l12")
    });
    let path = folder.join("tokenizer.json");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; fetch the file with models/l12/fetch.py or `make test`", path.display())
    });
    Tokenizer::from_bytes(&bytes).unwrap()
}

#[test]
fn ids_equal_those_of_python() {
    let tokenizer = tokenizer();
    let pairs: Vec<Pair> = support::read_json_lines("tests/fixtures/l12/pairs.jsonl");
    assert_eq!(pairs.len(), 180);
    for Pair { script, query, document, ids } in pairs {
        let found = tokenizer.pair(&tokenizer.query(&query, usize::MAX).unwrap(), &document).unwrap();
        assert_eq!(found.ids, ids, "{script}: {query:?} {document:?}");
        // The document begins behind the query's end. A text holds an end token only if it contains "[SEP]".
        if !query.contains("[SEP]") {
            let first = ids.iter().position(|&id| id == END).unwrap() + 1;
            let types: Vec<u32> = (0..ids.len()).map(|index| u32::from(index >= first)).collect();
            assert_eq!(found.type_ids, types, "{script}: {query:?}");
        }
    }
}
