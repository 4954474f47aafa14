//! Models with random weights, and onnxruntime's logits for 64 inputs.

use rerank_wasm::graph::{Encoder, TokenSequence};
use serde::Deserialize;

use super::{mean, read_json_lines};

#[derive(Deserialize)]
struct Row {
    input_ids: Vec<u32>,
    #[serde(default)]
    token_type_ids: Vec<u32>,
    logit_int8_onnxruntime: f64,
    logit_dequantized: f64,
}

pub struct Golden {
    pub sequence: TokenSequence,
    /// onnxruntime's logit of the same int8 graph.
    pub onnxruntime: f64,
    /// The logit of the int8 weights with exact activations.
    pub exact: f64,
}

/// Reads the lines of a `logits.jsonl`.
pub fn golden(folder: &str) -> Vec<Golden> {
    let golden: Vec<Golden> = read_json_lines(&format!("{folder}/logits.jsonl"))
        .into_iter()
        .map(|Row { input_ids, mut token_type_ids, logit_int8_onnxruntime, logit_dequantized }| {
            token_type_ids.resize(input_ids.len(), 0);
            Golden {
                sequence: TokenSequence { ids: input_ids, type_ids: token_type_ids },
                onnxruntime: logit_int8_onnxruntime,
                exact: logit_dequantized,
            }
        })
        .collect();
    assert_eq!(golden.len(), 64);
    golden
}

/// Returns the mean distance to the exact logits, divided by that of onnxruntime's int8 logits.
pub fn error_over_onnxruntime(graph: &Encoder, golden: &[Golden]) -> f64 {
    let ours = golden.iter().map(|it| (it.exact - f64::from(graph.logit(&it.sequence).unwrap())).abs());
    let onnxruntime = golden.iter().map(|it| (it.exact - it.onnxruntime).abs());
    mean(ours) / mean(onnxruntime)
}
