//! The tiny stand-in (bge-reranker-base's graph, random weights) against onnxruntime's logits for the same 64 inputs.

mod support;

use support::standin::{error_over_onnxruntime, golden};
use support::{TINY, graph, read};

const FOLDER: &str = "tests/fixtures/standin-tiny";

#[test]
fn fp32_logits_are_onnxruntimes() {
    let graph = graph(&read(&format!("{FOLDER}/onnx/model_dequantized.onnx"))).unwrap();
    for golden in golden(FOLDER) {
        let logit = f64::from(graph.logit(&golden.sequence).unwrap());
        assert!((golden.exact - logit).abs() < 1e-4, "{} tokens: {logit}", golden.sequence.ids.len());
    }
}

/// Weights of seven bits, of eight, and with zero points. The rounding of activations moves these logits 100 times
/// further.
#[test]
fn the_integers_stand_for_the_numbers_of_the_exact_logits() {
    for variant in ["", "-bert", "-full-range", "-unsigned"] {
        let folder = format!("{FOLDER}{variant}");
        let graph = graph(&read(&format!("{folder}/onnx/model_quantized.onnx"))).unwrap();
        for golden in golden(&folder) {
            let logit = f64::from(graph.exact_logit(&golden.sequence).unwrap());
            assert!((golden.exact - logit).abs() < 1e-4, "{folder}: {logit} instead of {}", golden.exact);
        }
    }
}

#[test]
fn int8_logits_are_no_farther_from_the_exact_ones_than_onnxruntimes() {
    let ratio = error_over_onnxruntime(&graph(&read(TINY)).unwrap(), &golden(FOLDER));
    println!("mean distance to exact activations ÷ onnxruntime's: {ratio:.3}");
    assert!(ratio <= 1.1, "{ratio}");
}
