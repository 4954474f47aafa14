//! Vectors of bge-small-en-v1.5 against onnxruntime's, for every tenth of 500 texts in twelve scripts. onnxruntime
//! multiplies the same weights with activations that are not quantised.

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use rerank_wasm::convert::{Bits, Graphs, Options, PAIRS, Source, convert, read_pairs};
use rerank_wasm::engine::{Embedder, Expectation, Loader, Text as Given};
use rerank_wasm::error::ModelFile;
use rerank_wasm::graph::{Encoder, Pooling};
use serde::Deserialize;

/// The fixture's vectors are integers: their numbers times this one.
const SCALE: f64 = 32767.0;

#[derive(Deserialize)]
struct Row {
    file: String,
    line: usize,
    field: String,
    ids: Vec<u32>,
    vector: String,
}

/// A text of the fixture, its token ids and its vector.
struct Text {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f64>,
}

fn texts() -> Vec<Text> {
    let rows: Vec<Row> = support::read_json_lines("tests/fixtures/bge-small/texts.jsonl");
    let mut files = std::collections::HashMap::new();
    rows.into_iter()
        .map(|Row { file, line, field, ids, vector }| {
            let lines: &Vec<serde_json::Value> = files
                .entry(file.clone())
                .or_insert_with(|| support::read_json_lines(&format!("tests/fixtures/{file}")));
            let text = lines[line][&field].as_str().unwrap().to_owned();
            let bytes: Vec<u8> =
                (0..vector.len()).step_by(2).map(|at| u8::from_str_radix(&vector[at..at + 2], 16).unwrap()).collect();
            let vector =
                bytes.chunks_exact(2).map(|it| f64::from(i16::from_le_bytes([it[0], it[1]])) / SCALE).collect();
            Text { text, ids, vector }
        })
        .collect()
}

fn read(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("RERANK_WASM_BGE_SMALL").map(PathBuf::from).unwrap_or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME").expect("HOME is not set"));
        home.join(".cache/rerank-wasm/bge-small")
    });
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; fetch the file with models/recall/fetch.py or `make test`", path.display())
    })
}

fn load(pooling: &str) -> Arc<Embedder> {
    let [model, tokenizer, config] = ["onnx/model_quantized.onnx", "tokenizer.json", "config.json"].map(read);
    let mut loader = Loader::default();
    support::feed(&mut loader, &model, &tokenizer, &config, 1 << 20).unwrap();
    Arc::new(loader.finish_embedder(pooling).unwrap())
}

fn cosine(one: &[f32], other: &[f64]) -> f64 {
    let product: f64 = one.iter().zip(other).map(|(&one, other)| f64::from(one) * other).sum();
    product / other.iter().map(|number| number * number).sum::<f64>().sqrt()
}

#[test]
fn vectors_are_close_to_those_without_rounded_activations() {
    let embedder = load("cls");
    assert_eq!((embedder.dimensions(), embedder.max_tokens()), (384, 512));
    let texts: Vec<Text> = texts().into_iter().step_by(10).collect();
    assert_eq!(texts.len(), 50);
    let embedded =
        embedder.start(texts.iter().map(|it| it.text.clone().into()).collect(), None).unwrap().finish().unwrap();
    let mut cosines = Vec::new();
    for (Text { text, ids, vector }, found) in texts.iter().zip(&embedded) {
        let sequence = embedder.sequence(text).unwrap();
        assert_eq!(&sequence.ids, ids, "{text:?}");
        assert_eq!(found.tokens, ids.len());
        // Together with others a text has the bits that it has alone.
        assert_eq!(found.vector, embedder.vector(&sequence).unwrap(), "{text:?}");
        cosines.push(cosine(&found.vector, vector));
    }
    let worst = cosines.iter().copied().fold(1.0, f64::min);
    let mean = support::mean(cosines.into_iter());
    assert!(mean >= 0.999 && worst >= 0.995, "mean {mean}, worst {worst}");
}

#[test]
fn every_product_is_fused() {
    let model = || support::parse(None, [&read("onnx/model_quantized.onnx")[..]]).unwrap();
    for pooling in [Pooling::FirstToken, Pooling::Mean] {
        let census = Encoder::embedding(model(), pooling).unwrap().census();
        for stock in ["EinSum", "MatMul", "OptMatMul", "Softmax", "MatMulInteger"] {
            assert!(!census.contains_key(stock), "{pooling:?}: {census:?}");
        }
    }
}

#[test]
fn a_text_is_cut_at_the_limit_of_the_call_and_windows_cover_it() {
    let embedder = load("mean");
    let text = "one two three four five six seven eight nine ten".to_owned();
    let cut = embedder
        .start(vec![text.clone().into(), "one two three".to_owned().into()], Some(5))
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(cut.iter().map(|it| (it.tokens, it.truncated)).collect::<Vec<_>>(), [(5, true), (5, false)]);
    assert_eq!(cut[0].vector, cut[1].vector);
    let windows = embedder.windows(&text, Some(5), 1).unwrap();
    assert_eq!(
        windows.iter().map(|it| text[it.clone()].trim()).collect::<Vec<_>>()[..2],
        ["one two three", "three four five"]
    );
    assert_eq!(windows.last().unwrap().end, text.len());
    let whole = embedder.windows("one", None, 0).unwrap();
    assert_eq!((whole.len(), &whole[0]), (1, &(0..3)));
    assert_eq!(embedder.start(vec![], Some(2)).err().unwrap().code(), "invalid_input");
}

#[test]
fn a_text_may_come_as_the_ids_of_its_tokens() {
    let embedder = load("cls");
    let text = "one two three".to_owned();
    let ids = embedder.sequence(&text).unwrap().ids;
    let run = |texts: Vec<Given>, most| embedder.start(texts, most).unwrap().finish();
    let embedded = run(vec![text.into(), Given::Ids(ids.clone())], None).unwrap();
    assert_eq!(embedded[0].vector, embedded[1].vector);
    assert_eq!(embedded[1].tokens, 5);
    let cut = run(vec![Given::Ids(ids)], Some(4)).unwrap();
    assert_eq!((cut[0].tokens, cut[0].truncated), (4, true));
    for (wrong, message) in [
        (vec![101, 1 << 20], "a token id is 1048576; the model's tokenizer has ids from 0 to 30521"),
        (vec![], "a list of token ids is empty"),
    ] {
        let error = run(vec![Given::Ids(wrong)], None).unwrap_err();
        assert_eq!(error.code(), "invalid_input");
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn a_bundle_has_the_vectors_of_its_source() {
    let graph = Graphs::open(std::io::Cursor::new(read("onnx/model_quantized.onnx")), &mut |_| unreachable!()).unwrap();
    let options = Options { pooling: Some("cls".to_owned()), bits: Bits::Eight, ..Default::default() };
    let source = Source { name: "recall", graph, tokenizer: &read("tokenizer.json"), max_tokens: 512 };
    let mut bundle = Vec::new();
    let report = convert(source, &options, &mut bundle).unwrap();
    // Each pair of the sample has two texts.
    assert_eq!(report.error.pairs, 2 * read_pairs(PAIRS).unwrap().len());
    assert!(report.error.largest < 1e-12 && report.error.spread > 0.1, "{:?}", report.error);
    assert!(report.to_string().contains("vectors against the model it is made of, 88 texts"), "{report}");
    let mut loader = Loader::default();
    loader.begin(ModelFile::Bundle, Expectation { size: Some(bundle.len()), ..Default::default() }).unwrap();
    loader.push(&bundle).unwrap();
    loader.end().unwrap();
    let embedder = Arc::new(loader.finish_embedder("cls").unwrap());
    let texts: Vec<Given> = texts().into_iter().step_by(50).map(|it| it.text.into()).collect();
    let vectors = |embedder: &Arc<Embedder>| embedder.start(texts.clone(), None).unwrap().finish().unwrap();
    assert_eq!(vectors(&embedder), vectors(&load("cls")));
}
