//! The tiny stand-in (bge-reranker-base's graph, random weights) against onnxruntime's logits for the same 64 inputs.

mod support;

use serde::Deserialize;
use support::{graph, logit, mean, read, read_json_lines};

#[derive(Deserialize)]
struct Golden {
    input_ids: Vec<u32>,
    logit_int8_onnxruntime: f64,
    logit_dequantized: f64,
}

fn logits(model: &str) -> Vec<(Golden, f64)> {
    let graph = graph(&read(model)).unwrap();
    let golden: Vec<Golden> = read_json_lines("tests/fixtures/standin-tiny/logits.jsonl");
    assert_eq!(golden.len(), 64);
    golden
        .into_iter()
        .map(|golden| {
            let logit = f64::from(logit(&graph, &golden.input_ids));
            (golden, logit)
        })
        .collect()
}

#[test]
fn fp32_logits_are_onnxruntimes() {
    for (golden, logit) in logits("tests/fixtures/standin-tiny/onnx/model_dequantized.onnx") {
        assert!((golden.logit_dequantized - logit).abs() < 1e-4, "{} tokens: {logit}", golden.input_ids.len());
    }
}

#[test]
fn int8_logits_are_no_farther_from_the_exact_ones_than_onnxruntimes() {
    let logits = logits("tests/fixtures/standin-tiny/onnx/model_quantized.onnx");
    let ours = mean(logits.iter().map(|(golden, logit)| (golden.logit_dequantized - logit).abs()));
    let onnxruntime =
        mean(logits.iter().map(|(golden, _)| (golden.logit_dequantized - golden.logit_int8_onnxruntime).abs()));
    println!("mean distance to exact activations {ours:.4}, onnxruntime {onnxruntime:.4}");
    assert!(ours <= 1.1 * onnxruntime, "{ours} against {onnxruntime}");
}
