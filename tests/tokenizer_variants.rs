//! Every kind of tokenizer.json around a small unigram vocabulary yields the ids of the `tokenizers` crate.

use rerank_wasm::tokenizer::{Tokenizer, compact_form};
use serde_json::{Value, json};

const TEXTS: &[&str] = &[
    "",
    " ",
    "  a  b  ",
    "ab ab",
    "abab\tab\n",
    "a\u{3000}b  ",
    "\u{2581}a \u{2581} b\u{2581}",
    "ﬁ ａｂ ™ e\u{301} \u{200b} \r\n",
    "漢字 a漢",
    "<mask>",
    "a <mask> b",
    "a  <mask><s>b</s> <s> ",
    "<unk> x<unk>y",
    "xy x y xyz",
    "\0\u{1f642}\u{e000}",
    "[new] [NEW] a[new]b ab",
    "<0x41>A",
];

fn base() -> Value {
    let full = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/standin-tiny/tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&std::fs::read(full).unwrap()).unwrap();
    let vocabulary = json!([
        ["<s>", 0.0],
        ["<pad>", 0.0],
        ["</s>", 0.0],
        ["<unk>", 0.0],
        ["\u{2581}", -2.0],
        ["a", -3.0],
        ["b", -3.0],
        ["ab", -6.0],
        ["\u{2581}a", -5.0],
        ["ab", -5.5],
        ["", -1.0],
        ["xy", -9.5],
        ["\0", -4.0],
        ["<0x41>", -7.0],
        ["<0x78>", -7.0],
        ["f", -4.0],
        ["i", -4.25],
        ["TM", -4.1],
        [" ", -2.2],
        ["<mask>", 0.0]
    ]);
    tokenizer["model"] = json!({"type": "Unigram", "unk_id": 3, "vocab": vocabulary});
    tokenizer
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut tokenizer = base();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        tokenizer.pointer_mut(parent).unwrap()[key] = value.clone();
    }
    tokenizer
}

fn assert_same(tokenizer: &Value) {
    let json = serde_json::to_vec(tokenizer).unwrap();
    let mut expected = tokenizers::Tokenizer::from_bytes(&json).unwrap();
    expected.with_padding(None).with_truncation(None).unwrap();
    for form in [json.clone(), compact_form(&json).unwrap()] {
        let found = Tokenizer::from_bytes(&form).unwrap();
        for text in TEXTS {
            assert_eq!(found.ids(text).unwrap(), expected.encode_fast(*text, false).unwrap().get_ids(), "{text:?}");
            for query in ["a", "", "<mask> xy"] {
                let pair = found.pair(&found.query(query, usize::MAX).unwrap(), text).unwrap();
                let expected = expected.encode_fast((query, *text), true).unwrap();
                assert_eq!(
                    (pair.ids.as_slice(), pair.type_ids.as_slice()),
                    (expected.get_ids(), expected.get_type_ids())
                );
            }
        }
    }
}

#[test]
fn as_published() {
    assert_same(&base());
}

#[test]
fn other_scores_and_unknowns() {
    assert_same(&with(&[("/model/byte_fallback", json!(true))]));
    assert_same(&with(&[("/model/unk_id", json!(0))]));
    assert_same(&with(&[("/model/unk_id", json!(5))]));
    let mut positive = base();
    for piece in positive["model"]["vocab"].as_array_mut().unwrap() {
        piece[1] = json!(-piece[1].as_f64().unwrap());
    }
    assert_same(&positive);
}

#[test]
fn other_normalizers() {
    let precompiled = base()["normalizer"]["normalizers"][0].clone();
    for steps in [
        json!([precompiled]),
        json!([precompiled, {"type": "Strip", "strip_left": false, "strip_right": true},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u{2581}"}]),
        json!([precompiled, {"type": "Strip", "strip_left": true, "strip_right": true}]),
        json!([precompiled, {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}]),
        json!([precompiled, {"type": "Lowercase"}]),
        json!([{"type": "NFKC"}, precompiled]),
        json!([]),
    ] {
        assert_same(&with(&[("/normalizer", json!({"type": "Sequence", "normalizers": steps}))]));
    }
    assert_same(&with(&[("/normalizer", precompiled)]));
    assert_same(&with(&[("/normalizer", Value::Null)]));
}

#[test]
fn other_pre_tokenizers() {
    let metaspace = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
    let mut variants = vec![Value::Null, metaspace.clone()];
    for (key, value) in
        [("split", json!(false)), ("prepend_scheme", json!("first")), ("prepend_scheme", json!("never"))]
    {
        let mut variant = metaspace.clone();
        variant[key] = value;
        variants.push(variant);
    }
    variants.push(json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}));
    variants.push(json!({"type": "Sequence", "pretokenizers": [{"type": "Punctuation"}, metaspace]}));
    for variant in variants {
        assert_same(&with(&[("/pre_tokenizer", variant)]));
    }
}

#[test]
fn other_post_processors() {
    for processor in [
        Value::Null,
        json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true, "add_prefix_space": false}),
        json!({"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]}),
    ] {
        assert_same(&with(&[("/post_processor", processor)]));
    }
}

#[test]
fn other_added_tokens() {
    let token = |content: &str, changes: &[(&str, bool)]| {
        let mut token = json!({"id": 99, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": false});
        for (key, value) in changes {
            token[*key] = json!(value);
        }
        token
    };
    for tokens in [
        json!([]),
        json!([token("[new]", &[]), token("[NEW]", &[]), token("ab", &[])]),
        json!([token("[new]", &[("lstrip", true)]), token("ａ", &[("normalized", true)])]),
        json!([token("[new]", &[("rstrip", true)])]),
        json!([token("ab", &[("single_word", true)])]),
        json!([token("a b", &[("normalized", true)]), token("a  b", &[])]),
    ] {
        assert_same(&with(&[("/added_tokens", tokens)]));
    }
}

#[test]
fn a_damaged_character_map_is_refused_or_harmless() {
    let published = base()["normalizer"]["normalizers"][0]["precompiled_charsmap"].as_str().unwrap().to_owned();
    let beyond_its_array = "BAAAAAD8//8="; // A root alone, with an offset beyond the array.
    for map in ["", "!", "AAAA", "AAAAAA==", beyond_its_array, &published[..published.len() / 8 * 4]] {
        for more in [json!([]), json!([{"type": "Lowercase"}])] {
            let mut steps = vec![json!({"type": "Precompiled", "precompiled_charsmap": map})];
            steps.extend(more.as_array().unwrap().iter().cloned());
            let tokenizer = with(&[("/normalizer", json!({"type": "Sequence", "normalizers": steps}))]);
            match Tokenizer::from_bytes(&serde_json::to_vec(&tokenizer).unwrap()) {
                Err(error) => assert_eq!(error.code(), "invalid_model"),
                Ok(tokenizer) => TEXTS.iter().for_each(|text| drop(tokenizer.ids(text).unwrap())),
            }
        }
    }
}
