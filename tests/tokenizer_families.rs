//! Tokenizers of the families return the ids of Python's `tokenizers`, and cut only the document.
//! tests/fixtures/tokenizers/make.py trained them and made the pairs.

mod support;

use std::time::Instant;

use rerank_wasm::tokenizer::Tokenizer;
use serde::Deserialize;
use serde_json::{Value, json};

const FAMILIES: [&str; 4] = ["bert", "modernbert", "albert", "deberta-v2"];

#[derive(Deserialize)]
struct Line {
    query: String,
    document: String,
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    max_tokens: usize,
    cut: Vec<u32>,
}

fn json_of(family: &str) -> Vec<u8> {
    support::read(&format!("tests/fixtures/tokenizers/{family}.json"))
}

/// Loads a tokenizer and prints the time.
fn load(name: &str, json: &[u8]) -> Tokenizer {
    let start = Instant::now();
    let tokenizer = Tokenizer::from_bytes(json).unwrap();
    println!("{name}: {} bytes, loaded in {:.1?}", json.len(), start.elapsed());
    tokenizer
}

fn lines(family: &str) -> Vec<Line> {
    let lines = support::read_json_lines(&format!("tests/fixtures/tokenizers/{family}.jsonl"));
    assert_eq!(lines.len(), 24);
    lines
}

#[test]
fn ids_equal_those_of_python() {
    for family in FAMILIES {
        let tokenizer = load(family, &json_of(family));
        for Line { query, document, ids, type_ids, .. } in lines(family) {
            let found = tokenizer.pair(&tokenizer.query(&query, usize::MAX).unwrap(), &document).unwrap();
            assert_eq!(found.ids, ids, "{family}: {query:?} {document:?}");
            assert_eq!(found.type_ids, type_ids, "{family}: {query:?} {document:?}");
            assert!(!found.truncated);
        }
    }
}

#[test]
fn a_cut_keeps_the_query() {
    for family in FAMILIES {
        let tokenizer = Tokenizer::from_bytes(&json_of(family)).unwrap();
        for Line { query, document, ids, max_tokens, cut, .. } in lines(family) {
            let found = tokenizer.pair(&tokenizer.query(&query, max_tokens).unwrap(), &document).unwrap();
            assert_eq!(
                (&found.ids, found.truncated),
                (&cut, cut.len() < ids.len()),
                "{family}: {query:?} {document:?}"
            );
            // No token of the document fits beside three special ones.
            assert!(tokenizer.query(&query, tokenizer.ids(&query).unwrap().len() + 3).is_err());
        }
    }
}

/// ModernBERT has 50,000 pieces, nearly all of them merges.
#[test]
fn a_large_byte_level_vocabulary_has_the_ids_of_the_crate() {
    let mut file: Value = serde_json::from_slice(&json_of("modernbert")).unwrap();
    let model = &mut file["model"];
    let mut vocabulary = model["vocab"].as_object().unwrap().clone();
    let mut merges = model["merges"].as_array().unwrap().clone();
    let letters: Vec<String> = ('a'..='z').map(String::from).collect();
    let others = ('A'..='Z').chain('0'..='9').chain(['\u{120}']).map(String::from);
    let mut words: Vec<String> = letters.iter().cloned().chain(others).collect();
    for _ in 0..2 {
        let longer = words.iter().flat_map(|word| letters.iter().map(move |letter| (word, letter)));
        let mut pieces = Vec::new();
        for (word, letter) in longer {
            let piece = format!("{word}{letter}");
            if !vocabulary.contains_key(&piece) {
                // The numbers right behind the trained vocabulary belong to added tokens.
                vocabulary.insert(piece.clone(), json!(10_000 + vocabulary.len()));
                merges.push(json!([word, letter]));
            }
            pieces.push(piece);
        }
        words = pieces;
    }
    assert!(vocabulary.len() > 40_000);
    (model["vocab"], model["merges"]) = (Value::Object(vocabulary), Value::Array(merges));
    let json = serde_json::to_vec(&file).unwrap();
    let tokenizer = load("byte-level BPE", &json);
    let mut peer = tokenizers::Tokenizer::from_bytes(&json).unwrap();
    peer.with_padding(None).with_truncation(None).unwrap();
    for Line { query, document, .. } in lines("modernbert") {
        let found = tokenizer.pair(&tokenizer.query(&query, usize::MAX).unwrap(), &document).unwrap();
        assert_eq!(found.ids, peer.encode_fast((query, document), true).unwrap().get_ids());
    }
}
