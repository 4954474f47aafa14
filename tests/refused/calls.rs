//! A call that cannot be answered is refused with the reason, and so is every call behind it.

use std::sync::Arc;

use crate::support::protobuf::{graph_of, model, node};
use crate::support::{TINY, load, read};
use rerank_wasm::convert::{PieceChoice, read_pairs};
use rerank_wasm::engine::{Embedder, Expectation, Loader, LongDocuments, Text};
use rerank_wasm::error::{Error, ModelFile, Result};
use rerank_wasm::graph::Pooling;
use rerank_wasm::tokenizer::{Tokenizer, Vocabulary};
use serde_json::{Value, json};

const TOKENIZER: &str = "tests/fixtures/standin-tiny/tokenizer.json";

fn assert_refused<T>(result: Result<T>, code: &str, reason: &str) {
    let error = result.err().expect("it must be refused");
    assert_eq!(error.to_string(), reason);
    assert_eq!(error.code(), code, "{error}");
}

/// The tiny model's tokenizer without a token for unknown text.
fn without_unknown() -> Vec<u8> {
    let mut tokenizer: Value = serde_json::from_slice(&read(TOKENIZER)).unwrap();
    tokenizer["model"]["unk_id"] = json!(null);
    serde_json::to_vec(&tokenizer).unwrap()
}

#[test]
fn a_job_that_fails_stays_failed() {
    let config = read("tests/fixtures/standin-tiny/config.json");
    let reranker = load(&read(TINY), &without_unknown(), &config, 1 << 20).unwrap();
    let start = |query: &str, most| {
        reranker.start(query, vec!["a".to_owned(), "\u{e000}".to_owned()], most, LongDocuments::Truncate)
    };
    assert_refused(start(" \n", None), "invalid_input", "the query is blank; pass one with words");
    assert_refused(
        start("a", Some(5)),
        "invalid_input",
        "the query has 1 tokens and the pair 4 special tokens, which leaves no room for a document in 5 tokens; shorten the \
         query",
    );
    let mut job = start("a", None).unwrap();
    let step = std::iter::from_fn(|| Some(job.step())).find(Result::is_err).unwrap();
    let reason = "the tokenizer has no token for a character of the text, and none for unknown text";
    assert_refused(step, "invalid_input", reason);
    assert_refused(job.step(), "internal", "the job failed before and scores no more documents");
}

/// An embedding model with a vector for each id of the tiny tokenizer.
fn embedder() -> Arc<Embedder> {
    let rows = node("Gather", &["f32[1000,4]=1,2,3,4", "input_ids"], "y");
    let file = model(graph_of(&[("input_ids", &[])], &[rows]));
    let mut loader = Loader::default();
    crate::support::feed(&mut loader, &file.0, &read(TOKENIZER), b"{}", 1 << 20).unwrap();
    Arc::new(loader.finish_embedder("mean").unwrap())
}

#[test]
fn an_embedding_that_fails_stays_failed() {
    let embedder = embedder();
    for (ids, reason) in [
        (
            vec![0, 1000],
            "a token id is 1000; the model's tokenizer has ids from 0 to 999; pass ids of this tokenizer, or a text",
        ),
        (vec![], "a list of token ids is empty; pass one id or more"),
    ] {
        let mut job = embedder.start(vec![Text::Ids(ids)], None).unwrap();
        assert_refused(job.step(), "invalid_input", reason);
        assert_refused(job.step(), "internal", "the job failed before and embeds no more texts");
    }
    let reason = "the 2 special tokens leave no room for a text in 2 tokens; allow more";
    assert_refused(embedder.start(vec![], Some(2)), "invalid_input", reason);
    let reason = "the overlap is 3 tokens; it must be less than the 3 of a window";
    assert_refused(embedder.windows("one two three", Some(5), 3), "invalid_input", reason);
}

#[test]
fn files_out_of_turn() {
    let begin = |loader: &mut Loader, file| loader.begin(file, Expectation::default());
    let mut loader = Loader::default();
    assert_refused(loader.push(b"a"), "internal", "the caller announced no file");
    assert_refused(loader.end(), "internal", "the caller announced no file");
    assert_refused(
        begin(&mut loader, ModelFile::Data),
        "invalid_input",
        "the model names no file with further weights",
    );
    begin(&mut loader, ModelFile::Config).unwrap();
    let reason = "the caller has not ended the config file";
    assert_refused(begin(&mut loader, ModelFile::Model), "internal", reason);
    assert_refused(loader.finish(), "internal", reason);
    let mut loader = Loader::default();
    begin(&mut loader, ModelFile::Tokenizer).unwrap();
    loader.push(&read(TOKENIZER)).unwrap();
    loader.end().unwrap();
    assert_refused(loader.finish(), "invalid_input", "the model file is missing; load it before finishing");
}

#[test]
fn names_that_mean_nothing() {
    let reason = "the pooling \"sum\" is unknown; choose cls, mean, max or lasttoken";
    assert_refused(Pooling::from_name("sum"), "invalid_input", reason);
    assert_refused(Loader::default().finish_embedder("sum"), "invalid_input", reason);
}

#[test]
fn samples_without_a_document() {
    let reason = "line 3 of the sample has no tab between query and document";
    assert_refused(read_pairs("query\tdocument\n\nquery"), "invalid_input", reason);
}

/// A tokenizer of four pieces, of which two have several characters and one is special.
fn small() -> Vec<u8> {
    json!({
        "version": "1.0",
        "added_tokens": [{
            "id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true
        }],
        "model": { "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["ab", -2.0], ["b", -3.0]] }
    })
    .to_string()
    .into_bytes()
}

#[test]
fn choices_of_pieces() {
    let vocabulary = || Vocabulary::read(&small()).unwrap();
    let reason = "the tokenizer needs the piece \"b\"; keep it";
    assert_refused(vocabulary().keep(&[0, 1, 2].into()), "invalid_input", reason);
    let choose = |choice: PieceChoice| choice.choose(&vocabulary(), &Tokenizer::from_bytes(&small()).unwrap());
    assert_refused(
        choose(PieceChoice { count: Some(2), ..PieceChoice::default() }),
        "invalid_input",
        "2 pieces are too few: the tokenizer needs 3 for special tokens and single characters; keep at least as many",
    );
    let error: Error = choose(PieceChoice { languages: vec!["xx".to_owned()], ..PieceChoice::default() }).unwrap_err();
    assert_eq!(error.code(), "invalid_input");
    assert!(error.to_string().starts_with("no language is called \"xx\"; known codes: ar, bg, "), "{error}");
    let beyond = String::from_utf8(small()).unwrap().replace("\"id\":0", "\"id\":7").into_bytes();
    let choice = PieceChoice { count: Some(4), ..PieceChoice::default() };
    assert_refused(
        choice.choose(&Vocabulary::read(&beyond).unwrap(), &Tokenizer::from_bytes(&small()).unwrap()),
        "unsupported_model",
        "tokenizer file: the file names the id 7 beyond its 4 pieces, so all pieces must stay",
    );
}
