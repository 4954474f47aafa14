//! The tiny stand-in (bge-reranker-base's graph, random weights) against onnxruntime's logits for the same 64 inputs.

mod support;

use support::standin::{error_over_onnxruntime, golden};
use support::{TINY, graph, read};

const FOLDER: &str = "tests/fixtures/standin-tiny";

#[test]
fn fp32_logits_are_onnxruntimes() {
    let graph = graph(&read(&format!("{FOLDER}/onnx/model_dequantized.onnx"))).unwrap();
    let mut farthest = 0f64;
    for golden in golden(FOLDER) {
        let exact = f64::from(graph.exact_logit(&golden.sequence).unwrap());
        assert!((golden.exact - exact).abs() < 1e-4, "{} tokens: {exact}", golden.sequence.ids.len());
        let logit = f64::from(graph.logit(&golden.sequence).unwrap());
        farthest = farthest.max((golden.exact - logit).abs());
    }
    println!("farthest: {farthest:.2e}");
    // Attention rounds to integers of 12 to 16 bits. The rounding of activations moves these logits 100 times further.
    assert!(farthest < 5e-4, "{farthest}");
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
