//! The small model against onnxruntime's logits for the same 63 pairs.

mod support;

use std::sync::Arc;

use std::sync::LazyLock;

use rerank_wasm::engine::{Job, LongDocuments, Reranker};
use rerank_wasm::graph::Encoder;
use rerank_wasm::tokenizer::Tokenizer;
use serde::Deserialize;
use support::{graph, graph_with, load_mini, logit, mean, read, read_json_lines, sequence};

/// The logit of the float model.
const LAYERS: f64 = 9.0;

#[derive(Deserialize)]
struct Golden {
    input_ids: Vec<u32>,
    logit_int8_onnxruntime: f64,
    logit_fp32: f64,
    /// The logit of the int8 weights with exact activations.
    logit_dequantized: f64,
}

#[derive(Deserialize)]
struct Pair {
    query: String,
    document: String,
}

const MODEL: &str = "pkg/mini/onnx/model_quantized.onnx";

struct Logits {
    golden: Vec<Golden>,
    logits: Vec<f64>,
}

impl Logits {
    fn of(graph: &Encoder) -> Self {
        let golden = golden();
        assert_eq!(golden.len(), 63);
        let logits = golden.iter().map(|pair| f64::from(logit(graph, &pair.input_ids))).collect();
        Self { golden, logits }
    }

    /// Returns the mean distance to other logits of the same pairs.
    fn distance(&self, other: fn(&Golden) -> f64) -> f64 {
        mean(self.golden.iter().zip(&self.logits).map(|(pair, logit)| (other(pair) - logit).abs()))
    }

    /// Returns the mean distance of onnxruntime's int8 logits.
    fn onnxruntimes_distance(&self, other: fn(&Golden) -> f64) -> f64 {
        mean(self.golden.iter().map(|pair| (pair.logit_int8_onnxruntime - other(pair)).abs()))
    }
}

fn fused() -> &'static Logits {
    static LOGITS: LazyLock<Logits> = LazyLock::new(|| Logits::of(&graph(&read(MODEL)).unwrap()));
    &LOGITS
}

fn golden() -> Vec<Golden> {
    read_json_lines("tests/fixtures/mini_logits.jsonl")
}

fn pairs() -> Vec<Pair> {
    read_json_lines("tests/fixtures/mini_pairs.jsonl")
}

#[test]
fn one_scale_for_each_row_halves_the_error_of_onnxruntime() {
    let logits = fused();
    let to_fp32 = logits.distance(|pair| pair.logit_fp32);
    let onnxruntime = logits.onnxruntimes_distance(|pair| pair.logit_fp32);
    println!("mean distance to fp32 {to_fp32:.4}, onnxruntime's {onnxruntime:.4}");
    assert!(to_fp32 <= 0.6 * onnxruntime, "{to_fp32} against {onnxruntime}");
}

#[test]
fn quantised_activations_cost_a_third_of_onnxruntimes_error() {
    let logits = fused();
    let to_exact = logits.distance(|pair| pair.logit_dequantized);
    let onnxruntime = logits.onnxruntimes_distance(|pair| pair.logit_dequantized);
    println!("mean distance to exact activations {to_exact:.4}, onnxruntime's {onnxruntime:.4}");
    assert!(to_exact <= 0.35 * onnxruntime, "{to_exact} against {onnxruntime}");
}

#[test]
fn logits_with_exact_activations_are_those_of_the_numbers_that_the_integers_stand_for() {
    let graph = graph(&read(MODEL)).unwrap();
    for pair in golden() {
        let logit = f64::from(graph.exact_logit(&sequence(&pair.input_ids)).unwrap());
        assert!((logit - pair.logit_dequantized).abs() < 1e-3, "{logit} instead of {}", pair.logit_dequantized);
    }
}

#[test]
fn unfused_logits_are_onnxruntimes() {
    let logits = Logits::of(&graph_with(&read(MODEL), &[]).unwrap());
    let (to_fp32, to_int8) =
        (logits.distance(|pair| pair.logit_fp32), logits.distance(|pair| pair.logit_int8_onnxruntime));
    println!("mean distance to onnxruntime {to_int8:.4}, to fp32 {to_fp32:.4}");
    let onnxruntime = logits.onnxruntimes_distance(|pair| pair.logit_fp32);
    assert!(to_fp32 <= 1.1 * onnxruntime, "{to_fp32} against {onnxruntime}");
    // The last bit of a sum may flip a rounding, and such changes add up from layer to layer.
    assert!(to_int8 <= 0.01 * LAYERS, "{to_int8}");
}

#[test]
fn the_texts_give_the_ids_that_the_logits_were_made_with() {
    let tokenizer = Tokenizer::from_bytes(&read("pkg/mini/tokenizer.json")).unwrap();
    for (Pair { query, document }, golden) in pairs().iter().zip(golden()) {
        let pair = tokenizer.pair(&tokenizer.query(query, 512).unwrap(), document).unwrap();
        assert_eq!(pair.ids, golden.input_ids, "{query} / {document}");
        assert!(!pair.truncated);
    }
}

#[test]
fn a_score_does_not_depend_on_the_other_documents() {
    let reranker = load_mini();
    let pairs = pairs();
    let query = &pairs[0].query;
    let documents: Vec<String> = pairs.iter().take(8).map(|pair| pair.document.clone()).collect();
    let together = start(&reranker, query, documents.clone()).finish().unwrap();
    assert_eq!(together.len(), documents.len());
    for (index, result) in together.iter().enumerate() {
        assert_eq!(result.index, index);
        let alone = start(&reranker, query, vec![documents[index].clone()]).finish().unwrap();
        assert_eq!(alone[0].logit.to_bits(), result.logit.to_bits());
    }
}

fn start(reranker: &Arc<Reranker>, query: &str, documents: Vec<String>) -> Job {
    reranker.start(query, documents, None, LongDocuments::Truncate).unwrap()
}

#[test]
fn the_best_window_of_a_long_document_counts() {
    let reranker = load_mini();
    let query = "What is the capital of France?";
    let answer = "Paris is the capital of France.";
    let filler = "The giraffe 🦒 is the tallest living animal on land. ".repeat(60);
    let documents = vec![answer.to_owned(), format!("{filler}{answer} {filler}"), filler.clone()];
    let score = |long_documents| reranker.start(query, documents.clone(), None, long_documents).unwrap().finish();
    let chunked = score(LongDocuments::Chunk).unwrap();
    let order: Vec<usize> = chunked.iter().map(|result| result.index).collect();
    assert_eq!(order, [0, 1, 2]);
    assert!(chunked.is_sorted_by(|better, worse| better.logit > worse.logit));
    assert_eq!(chunked[0].window, None);
    let window = chunked[1].window.clone().unwrap();
    let units: Vec<u16> = documents[1].encode_utf16().collect();
    assert!(String::from_utf16(&units[window]).unwrap().contains(answer));
    assert!(chunked[1].tokens > 512 && !chunked[1].truncated);

    let cut = score(LongDocuments::Truncate).unwrap();
    assert_eq!(cut[0].logit.to_bits(), chunked[0].logit.to_bits());
    assert!(cut[1].truncated && cut[1].logit < chunked[1].logit);
}
