//! Token ids of the full bge-reranker-base tokenizer against Hugging Face's own, on 224 pairs in many languages.

mod full_tokenizer;
mod support;

use rerank_wasm::tokenizer::Tokenizer;
use serde::Deserialize;
use support::read_json_lines;

#[derive(Deserialize)]
struct Golden {
    lang: String,
    /// Absent if `ids` are those of the passage alone.
    query: Option<String>,
    passage: String,
    ids: Vec<u32>,
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_bytes(&full_tokenizer::bytes()).unwrap()
}

#[test]
fn ids_equal_the_golden_pairs() {
    let tokenizer = tokenizer();
    let golden: Vec<Golden> = read_json_lines("tests/fixtures/tokenizer_golden.jsonl");
    assert_eq!(golden.len(), 224);
    for Golden { lang, query, passage, ids } in golden {
        let prepared = tokenizer.query(query.as_deref().unwrap_or("q"), usize::MAX).unwrap();
        let pair = tokenizer.pair(&prepared, &passage).unwrap();
        assert_eq!((pair.type_ids.len(), pair.type_ids.iter().max()), (pair.ids.len(), Some(&0)));
        assert!(!pair.truncated);
        match query {
            Some(query) => assert_eq!(pair.ids, ids, "{lang}: {query}"),
            None => {
                let border = pair.ids.iter().position(|&id| id == 2).unwrap();
                assert_eq!(pair.ids[border + 2..], ids[1..], "{lang}: {passage}");
            }
        }
    }
}

#[test]
fn truncation_keeps_the_query_and_the_end_tokens_and_cuts_the_document() {
    let tokenizer = tokenizer();
    let (query, document) = ("Where is it?", "one two three four five six seven");
    let whole = tokenizer.pair(&tokenizer.query(query, 512).unwrap(), document).unwrap().ids;
    for max_tokens in (0..=whole.len() + 1).rev() {
        let Ok(prepared) = tokenizer.query(query, max_tokens) else {
            let special_and_query = whole.iter().position(|&id| id == 2).unwrap() + 3;
            assert!(max_tokens <= special_and_query, "{max_tokens} leaves room");
            continue;
        };
        let pair = tokenizer.pair(&prepared, document).unwrap();
        let length = max_tokens.min(whole.len());
        assert_eq!(pair.ids.len(), length);
        assert_eq!(pair.truncated, max_tokens < whole.len());
        assert_eq!((&pair.ids[..length - 1], pair.ids[length - 1]), (&whole[..length - 1], 2));
    }
}

#[test]
fn any_text_gives_ids() {
    let tokenizer = tokenizer();
    let query = tokenizer.query("q", 512).unwrap();
    for document in [
        "",
        " ",
        "\0",
        "\u{fffd}\u{fffd}",
        "\u{10ffff}\u{e000}",
        "<mask></s>",
        &"x".repeat(100_000),
        &"é".repeat(10_000),
    ] {
        let pair = tokenizer.pair(&query, document).unwrap();
        assert!(pair.ids.len() <= 512);
        assert_eq!((pair.ids[0], pair.ids[pair.ids.len() - 1]), (0, 2));
    }
}
