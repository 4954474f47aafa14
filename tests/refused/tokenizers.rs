//! A damaged tokenizer file is refused with the reason, in both of its forms.

use crate::support::read;
use rerank_wasm::error::Result;
use rerank_wasm::tokenizer::{Tokenizer, TokenizerReader, Vocabulary, compact_form};
use serde_json::{Value, json};

fn assert_refused<T>(result: Result<T>, code: &str, reason: &str) {
    let error = result.err().expect("it must be refused");
    let advice = if code == "invalid_model" { "; replace it with a sound copy" } else { "" };
    assert_eq!(error.to_string(), format!("tokenizer file: {reason}{advice}"));
    assert_eq!(error.code(), code, "{error}");
}

fn assert_json_refused(json: &str, reason: &str) {
    let reason = format!("the file is not a tokenizer.json: {reason}");
    assert_refused(Tokenizer::from_bytes(json.as_bytes()), "invalid_model", &reason);
}

/// A tokenizer.json with a unigram model of two pieces.
fn unigram() -> Value {
    json!({ "version": "1.0", "model": { "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0]] } })
}

/// A tokenizer.json of words.
fn words() -> Value {
    json!({
        "version": "1.0", "pre_tokenizer": { "type": "Whitespace" },
        "model": { "type": "WordLevel", "unk_token": "?", "vocab": { "a": 0 } }
    })
}

fn with(mut tokenizer: Value, field: &str, value: Value) -> String {
    let (parent, name) = field.rsplit_once('/').unwrap();
    tokenizer.pointer_mut(parent).unwrap()[name] = value;
    tokenizer.to_string()
}

#[test]
fn vocabularies_of_pieces() {
    for (vocabulary, reason) in [
        ("", "it ends within its vocabulary"),
        ("[\"a\", 1", "it ends within its vocabulary"),
        ("1]}}", "its vocabulary has '1' between two entries"),
        ("[\"a\", 1] [\"b\", 1]]}}", "its vocabulary has '[' between two entries"),
        ("], \"vocab\": []}}", "its model has two vocabularies"),
        (
            "[\"a\"]]}}",
            "an entry of its vocabulary is not a piece with its score: invalid length 1, expected a tuple of size 2 at line \
             1 column 5",
        ),
    ] {
        assert_json_refused(&format!("{{\"model\": {{\"vocab\": [{vocabulary}"), reason);
    }
    assert_json_refused(
        &with(unigram(), "/model/type", json!("BPE")),
        "its BPE model has the vocabulary of a unigram model",
    );
    assert_json_refused(
        &with(unigram(), "/version", json!("2.0")),
        "its version is \"2.0\"; this engine reads \"1.0\"",
    );
    assert_refused(
        Tokenizer::from_bytes(with(unigram(), "/model/unk_id", json!(2)).as_bytes()),
        "invalid_model",
        "its unknown piece has an id beyond its vocabulary of 2 pieces",
    );
    let long = json!([["<unk>", 0.0], ["a".repeat(1024), -1.0]]);
    assert_refused(
        Tokenizer::from_bytes(with(unigram(), "/model/vocab", long).as_bytes()),
        "unsupported_model",
        "its vocabulary, or one of its pieces, is too large for this engine",
    );
}

#[test]
fn models_of_the_crate() {
    let vocabulary = json!({ "a": 1, "##b": 2, "ab": 3 });
    let model = |fields: Value| {
        let mut model = fields;
        model["vocab"] = vocabulary.clone();
        json!({ "version": "1.0", "model": model }).to_string()
    };
    for (fields, reason) in [
        (
            json!({ "type": "BPE", "continuing_subword_prefix": "##", "merges": ["a a"] }),
            "one of its merges makes no piece of its vocabulary",
        ),
        (json!({ "type": "BPE" }), "its model lacks merges"),
        (
            json!({ "type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "##" }),
            "its model lacks unk_token, continuing_subword_prefix or max_input_chars_per_word, which WordPiece needs",
        ),
        (json!({ "type": "WordLevel" }), "its model lacks unk_token, which WordLevel needs"),
        (
            json!({ "type": "Unigram" }),
            "its model is of the type \"Unigram\"; BPE, WordPiece and WordLevel are the types with such a vocabulary",
        ),
    ] {
        assert_json_refused(&model(fields), reason);
    }
    let merges = model(json!({ "type": "BPE", "merges": ["x y"] }));
    assert_refused(
        Tokenizer::from_bytes(merges.as_bytes()),
        "invalid_model",
        "its parts do not fit together: Token `x` out of vocabulary",
    );
}

#[test]
fn parts_that_could_make_the_crate_panic() {
    let template = json!({
        "type": "TemplateProcessing", "special_tokens": {},
        "single": [{ "Sequence": { "id": "A", "type_id": 0 } }],
        "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }]
    });
    assert_json_refused(
        &with(words(), "/post_processor", template),
        "its template must hold each text once, and only special tokens that it defines",
    );
    let sound = json!({
        "type": "TemplateProcessing", "special_tokens": {},
        "single": [{ "Sequence": { "id": "A", "type_id": 0 } }],
        "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 0 } }]
    });
    let mut named = sound.clone();
    named["special_tokens"]["pair"] = json!({ "id": "pair", "ids": [0], "tokens": ["a"] });
    assert!(Tokenizer::from_bytes(with(words(), "/post_processor", named).as_bytes()).is_ok());
    assert_json_refused(
        &with(words(), "/post_processor", json!({ "type": "Sequence", "processors": [sound, sound] })),
        "it has several templates; one must hold all special tokens",
    );
    let map = json!({ "type": "Precompiled", "precompiled_charsmap": "no base64" });
    assert_json_refused(&with(words(), "/normalizer", map), "its character map is damaged");
}

#[test]
fn texts_without_a_token() {
    let error = Tokenizer::from_bytes(words().to_string().as_bytes()).unwrap().ids("b").unwrap_err();
    assert_eq!(error.code(), "invalid_input");
    assert_eq!(
        error.to_string(),
        "the tokenizer cannot express the text in tokens: WordLevel error: Missing [UNK] token from the vocabulary"
    );
    let without = Tokenizer::from_bytes(with(unigram(), "/model/unk_id", json!(null)).as_bytes()).unwrap();
    let error = without.ids("b").unwrap_err();
    assert_eq!(error.code(), "invalid_input");
    assert_eq!(error.to_string(), "the tokenizer has no token for a character of the text, and none for unknown text");
}

#[test]
fn models_without_a_compact_form() {
    let word_piece = read("tests/fixtures/tokenizers/wordpiece.json");
    assert_refused(
        compact_form(&word_piece),
        "unsupported_model",
        "the file holds no unigram model, and no other kind has a compact form; use the tokenizer.json itself",
    );
    assert_refused(
        Vocabulary::read(&word_piece),
        "unsupported_model",
        "the file holds no unigram model, and no other kind works with fewer pieces; keep them all",
    );
}

/// Reads a tokenizer of unknown size.
fn streamed(bytes: &[u8]) -> Result<Tokenizer> {
    let mut reader = TokenizerReader::new(None);
    reader.push(bytes);
    reader.finish()
}

fn assert_compact_refused(bytes: &[u8], reason: &str) {
    assert_refused(streamed(bytes), "invalid_model", &format!("the file is not a compact tokenizer: {reason}"));
}

#[test]
fn compact_files() {
    let sound = compact_form(unigram().to_string().as_bytes()).unwrap();
    streamed(&sound).unwrap();
    let changed = |place: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[place] = byte;
        bytes
    };
    let longer = [&sound[..], &[0]].concat();
    assert_compact_refused(&longer, "it continues after its checksum");
    assert_compact_refused(&sound[..sound.len() - 1], "it ends before its checksum");
    let last = sound.len() - 1;
    assert_compact_refused(&changed(last, !sound[last]), "its checksum does not match its content");
    assert_compact_refused(&changed(1, b'x'), "its first bytes differ from those of every compact tokenizer");
    assert_compact_refused(&changed(20, 5), "its scores have neither 4 nor 8 bytes each");
    let reason = format!("it has {} bytes; its header announces {}", sound.len() + 1, sound.len());
    assert_refused(
        Tokenizer::from_bytes(&longer),
        "invalid_model",
        &format!("the file is not a compact tokenizer: {reason}"),
    );
    assert_refused(
        streamed(&changed(8, 2)),
        "unsupported_model",
        "the file has version 2; this engine reads version 1, so convert the tokenizer.json again",
    );
}

/// CRC-32 of zip and PNG.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// A compact file with a sound checksum, a model of one piece and these units of its trie.
fn with_units(units: &[u32]) -> Vec<u8> {
    let text = with(unigram(), "/model/vocab", json!([]));
    let mut bytes = b"\x89RWTOK\r\n".to_vec();
    for number in [1, text.len() as u32, 1, 4, units.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(text.as_bytes());
    bytes.extend(0f32.to_le_bytes());
    units.iter().for_each(|unit| bytes.extend(unit.to_le_bytes()));
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// Bit 8 of a unit marks a leaf, and its value begins at bit 10.
#[test]
fn tries_of_compact_files() {
    streamed(&with_units(&[0, 1 << 8])).unwrap();
    for (units, reason) in [
        (&[][..], "its trie is empty"),
        (&[1 << 8][..], "the root of its trie is a leaf"),
        (&[0, 1 << 8 | 1 << 10][..], "its trie names a piece outside its vocabulary"),
    ] {
        assert_refused(streamed(&with_units(units)), "invalid_model", reason);
    }
}
