//! The reader takes any bytes in chunks of any size. It returns the vocabulary that a parser of the whole file finds, or an
//! error. Its result yields a model and a tokenizer with ids, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::error::Result;
use rerank_wasm::tokenizer::unigram::{Pieces, Scratch, Token, Unigram};
use rerank_wasm::tokenizer::{JsonReader, Tokenizer, TokenizerJson};
use serde_json::Value;

fn read(size: Option<usize>, bytes: &[u8], chunk: usize) -> Result<TokenizerJson> {
    let mut reader = JsonReader::new(size);
    bytes.chunks(chunk).try_for_each(|chunk| reader.push(chunk))?;
    reader.finish()
}

fn expected_pieces(vocabulary: &Value) -> Option<Pieces> {
    let mut pieces = Pieces::default();
    for entry in vocabulary.as_array()? {
        pieces.push(entry[0].as_str()?, entry[1].as_f64()?).ok()?;
    }
    Some(pieces)
}

/// No file may cause a panic.
fn use_tokenizer(bytes: &[u8]) {
    let Ok(tokenizer) = Tokenizer::from_bytes(bytes) else { return };
    let Ok(query) = tokenizer.query("a heat pump <mask>", 32) else { return };
    for document in ["The heat pumps warm  the house; é漢\0 🙂 [MASK]", "▁▁ﬁ", ""] {
        if let Ok(pair) = tokenizer.pair(&query, document) {
            assert!(pair.ids.len() <= 32 && pair.ids.len() == pair.type_ids.len());
        }
        if let Ok(mut windows) = tokenizer.windows(&query, document, 0) {
            while let Ok(Some(_)) = windows.next(&tokenizer, &query, document) {}
        }
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, bytes) = input;
    use_tokenizer(bytes);
    let whole = read(Some(bytes.len()), bytes, bytes.len().max(1));
    let parts = read(None, bytes, usize::from(chunk) + 1);
    match (&whole, &parts) {
        (Ok(whole), Ok(parts)) => assert_eq!(whole, parts),
        (whole, parts) => assert_eq!(whole.is_err(), parts.is_err()),
    }
    let Ok(TokenizerJson { text, pieces: Some(pieces) }) = whole else { return };
    if let Ok(mut expected) = serde_json::from_slice::<Value>(bytes)
        && let Ok(text) = serde_json::from_slice::<Value>(&text)
        && text["model"]["vocab"].is_array()
    {
        assert_eq!(Some(&pieces), expected_pieces(&expected["model"]["vocab"]).as_ref());
        expected["model"]["vocab"] = Value::Array(Vec::new());
        assert_eq!(text, expected);
    }
    if let Ok(unigram) = Unigram::from_pieces(pieces, Some(0), true) {
        let mut end = 0;
        let visit = |token: Token| {
            end = token.end;
            Ok(())
        };
        unigram.tokenize("▁a text \0", usize::MAX, &mut Scratch::default(), visit).unwrap();
        assert_eq!(end, "▁a text \0".len());
    }
});
