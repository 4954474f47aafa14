//! Any text, once or repeated, yields the ids of the `tokenizers` crate, windows that hold all of them, and pairs
//! within their limit. $RERANK_WASM_TOKENIZER names the first of the tokenizers; the default is the small one of the
//! tests.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rerank_wasm::tokenizer::Tokenizer;

/// A tokenizer of ours and that of the crate.
type Both = (Tokenizer, tokenizers::Tokenizer);

static TOKENIZERS: LazyLock<Vec<Both>> = LazyLock::new(|| {
    let first = match std::env::var_os("RERANK_WASM_TOKENIZER") {
        Some(path) => std::fs::read(path).expect("$RERANK_WASM_TOKENIZER cannot be read"),
        None => include_bytes!("../../tests/fixtures/standin-tiny/tokenizer.json").to_vec(),
    };
    let others: [&[u8]; 6] = [
        include_bytes!("../../tests/fixtures/tokenizers/wordpiece.json"),
        include_bytes!("../../tests/fixtures/tokenizers/bpe.json"),
        include_bytes!("../../tests/fixtures/tokenizers/bert.json"),
        include_bytes!("../../tests/fixtures/tokenizers/modernbert.json"),
        include_bytes!("../../tests/fixtures/tokenizers/albert.json"),
        include_bytes!("../../tests/fixtures/tokenizers/deberta-v2.json"),
    ];
    std::iter::once(&first[..]).chain(others).map(both).collect()
});

fn both(json: &[u8]) -> Both {
    let mut tokenizer = tokenizers::Tokenizer::from_bytes(json).unwrap();
    tokenizer.with_padding(None).with_truncation(None).unwrap();
    (Tokenizer::from_bytes(json).unwrap(), tokenizer)
}

/// The tokenizer splits a word of this length in parts.
const LONG: usize = 1 << 14;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, times, bytes) = input;
    let (own, peer) = &TOKENIZERS[usize::from(kind) % TOKENIZERS.len()];
    let text = String::from_utf8_lossy(bytes);
    let most = LONG / text.len().max(1);
    let text = text.repeat(1 + most * usize::from(times.saturating_sub(128)) / 128);
    let ids = own.ids(&text).unwrap();
    assert_eq!(ids, peer.encode_fast(text.as_str(), false).unwrap().get_ids());
    let query = own.query("a", 16).unwrap();
    let pair = own.pair(&query, &text).unwrap();
    assert!(pair.ids.len() <= 16);
    let mut windows = own.windows(&query, &text, 2).unwrap();
    let (mut covered, mut count) = (0, 0);
    while let Some(window) = windows.next(own, &query, &text).unwrap() {
        assert!(count > 0 || window.pair.ids == pair.ids);
        assert!(window.bytes.start <= covered && text.get(window.bytes.clone()).is_some());
        (covered, count) = (window.bytes.end, count + 1);
    }
    assert_eq!(pair.truncated, count > 1);
    assert_eq!(covered, text.len());
});
