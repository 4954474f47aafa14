//! The small model against onnxruntime's logits for the same 63 pairs.

mod support;

use rerank_wasm::graph::{Graph, TokenSequence};
use rerank_wasm::tokenizer::Tokenizer;
use serde::Deserialize;
use support::{load_mini, mean, read, read_json_lines};

#[derive(Deserialize)]
struct Golden {
    input_ids: Vec<u32>,
    logit_int8_onnxruntime: f64,
    logit_fp32: f64,
}

#[derive(Deserialize)]
struct Pair {
    query: String,
    document: String,
}

fn golden() -> Vec<Golden> {
    read_json_lines("tests/fixtures/mini_logits.jsonl")
}

fn pairs() -> Vec<Pair> {
    read_json_lines("tests/fixtures/mini_pairs.jsonl")
}

#[test]
fn logits_are_as_near_to_fp32_as_onnxruntime_and_near_to_its_int8_run() {
    let graph = Graph::from_onnx(read("pkg/mini/onnx/model_quantized.onnx")).unwrap();
    let golden = golden();
    assert_eq!(golden.len(), 63);
    let logits: Vec<f64> = golden
        .iter()
        .map(|pair| {
            let ids = pair.input_ids.clone();
            let type_ids = vec![0; ids.len()];
            f64::from(graph.logit(&TokenSequence { ids, type_ids }).unwrap())
        })
        .collect();
    let distance = |other: fn(&Golden) -> f64| {
        mean(golden.iter().zip(&logits).map(move |(pair, logit)| (other(pair) - logit).abs()))
    };
    let to_fp32 = distance(|pair| pair.logit_fp32);
    let to_int8 = distance(|pair| pair.logit_int8_onnxruntime);
    let onnxruntime_to_fp32 = mean(golden.iter().map(|pair| (pair.logit_int8_onnxruntime - pair.logit_fp32).abs()));
    println!(
        "mean distance to fp32 {to_fp32:.4} (onnxruntime int8: {onnxruntime_to_fp32:.4}), to onnxruntime int8 {to_int8:.4}"
    );
    assert!(to_fp32 <= 1.1 * onnxruntime_to_fp32, "{to_fp32} against {onnxruntime_to_fp32}");
    assert!(to_int8 <= 0.06, "{to_int8}");
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
    let together = reranker.start(query, documents.clone(), None).unwrap().finish(None).unwrap();
    assert_eq!(together.len(), documents.len());
    assert!(together.windows(2).all(|pair| pair[0].logit >= pair[1].logit));
    for result in together {
        let alone = reranker.start(query, vec![documents[result.index].clone()], None).unwrap().finish(None).unwrap();
        assert_eq!(alone[0].logit.to_bits(), result.logit.to_bits());
    }
}
