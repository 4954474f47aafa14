//! Tokenizers that run in the `tokenizers` crate return its ids, with the engine's pairs, cuts and windows. They are
//! BERT's WordPiece, RoBERTa's BPE and a unigram model without a character map.

use std::path::Path;

use rerank_wasm::tokenizer::Tokenizer;

const TEXTS: &[&str] = &[
    "",
    "  ",
    "The heat pump warms the house in winter.",
    "Searching, ranking: tokens of a text!",
    "water\twater\u{a0}water\r\n",
    "Élan ÉTÉ straße 漢字 漢 ﬁ",
    "[MASK] a[MASK]b <mask> x <mask>y",
    "a word of more than twenty characters: abcdefghijklmnopqrstuvwxyz",
    "\0\u{fffd}\u{1f642}\u{e000} e\u{301}",
];

fn both(name: &str) -> (Tokenizer, tokenizers::Tokenizer) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/tokenizers/{name}.json"));
    let json = std::fs::read(path).unwrap();
    let mut peer = tokenizers::Tokenizer::from_bytes(&json).unwrap();
    peer.with_padding(None).with_truncation(None).unwrap();
    (Tokenizer::from_bytes(&json).unwrap(), peer)
}

#[test]
fn ids_and_pairs_are_those_of_the_crate() {
    for name in ["wordpiece", "bpe", "unigram"] {
        let (own, peer) = both(name);
        for text in TEXTS {
            assert_eq!(own.ids(text).unwrap(), peer.encode_fast(*text, false).unwrap().get_ids(), "{name}: {text:?}");
            for query in ["heat pump", "<mask> 漢"] {
                let pair = own.pair(&own.query(query, usize::MAX).unwrap(), text).unwrap();
                let expected = peer.encode_fast((query, *text), true).unwrap();
                assert_eq!(pair.ids, expected.get_ids(), "{name}: {query:?} {text:?}");
                assert_eq!(pair.type_ids, expected.get_type_ids(), "{name}: {query:?} {text:?}");
                assert!(!pair.truncated);
            }
        }
    }
}

#[test]
fn only_the_document_is_cut() {
    for (name, end) in [("wordpiece", 3), ("bpe", 2), ("unigram", 2)] {
        let (own, _) = both(name);
        let query = own.query("heat pump", 16).unwrap();
        let whole = own.pair(&own.query("heat pump", usize::MAX).unwrap(), &TEXTS.join(" ")).unwrap();
        let pair = own.pair(&query, &TEXTS.join(" ")).unwrap();
        assert!(pair.truncated);
        assert_eq!(pair.ids.len(), 16);
        assert_eq!(pair.ids[..15], whole.ids[..15]);
        assert_eq!(pair.ids[15], end);
    }
}

#[test]
fn windows_cover_the_document() {
    for name in ["wordpiece", "bpe", "unigram"] {
        let (own, _) = both(name);
        let query = own.query("heat pump", 16).unwrap();
        let document = TEXTS.join(" ");
        let mut windows = own.windows(&query, &document, 2).unwrap();
        let (mut covered, mut count) = (0, 0);
        while let Some(window) = windows.next(&own, &query, &document).unwrap() {
            assert!(window.bytes.start <= covered && document.get(window.bytes.clone()).is_some());
            assert!(window.pair.ids.len() <= 16);
            (covered, count) = (window.bytes.end, count + 1);
        }
        assert_eq!(covered, document.len());
        assert!(count > 3);
    }
}
