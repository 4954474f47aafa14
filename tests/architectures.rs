//! Cross-encoders other than bge-reranker-base's int8 graph: BERT, and weights in other 8-bit forms.

mod support;

use std::collections::BTreeMap;

use rerank_wasm::graph::{Encoder, Rewrite, TokenSequence};
use support::standin::{error_over_onnxruntime, golden};
use support::{graph, graph_with, mean, read};

const VARIANTS: [&str; 3] = ["bert", "full-range", "unsigned"];

fn folder(variant: &str) -> String {
    format!("tests/fixtures/standin-tiny-{variant}")
}

fn model(variant: &str) -> Vec<u8> {
    read(&format!("{}/onnx/model_quantized.onnx", folder(variant)))
}

fn logits(graph: &Encoder, variant: &str) -> Vec<f64> {
    golden(&folder(variant)).iter().map(|it| f64::from(graph.logit(&it.sequence).unwrap())).collect()
}

fn distance(one: &[f64], other: &[f64]) -> f64 {
    mean(one.iter().zip(other).map(|(one, other)| (one - other).abs()))
}

#[test]
fn logits_are_no_farther_from_the_exact_ones_than_onnxruntimes() {
    for variant in VARIANTS {
        let ratio = error_over_onnxruntime(&graph(&model(variant)).unwrap(), &golden(&folder(variant)));
        println!("{variant}: {ratio:.3}");
        assert!(ratio <= 1.1, "{variant}: {ratio}");
    }
}

/// The operators of a graph without any rewrite.
#[test]
fn stock_operators_give_onnxruntimes_logits() {
    for variant in VARIANTS {
        let logits = logits(&graph_with(&model(variant), &[]).unwrap(), variant);
        let golden = golden(&folder(variant));
        let onnxruntime: Vec<f64> = golden.iter().map(|it| it.onnxruntime).collect();
        let exact: Vec<f64> = golden.iter().map(|it| it.exact).collect();
        // Another order of a sum changes the roundings of a few activations, and so the logit. Rounding all of them
        // changes it more.
        let (to_onnxruntime, rounding) = (distance(&logits, &onnxruntime), distance(&onnxruntime, &exact));
        println!("{variant}: {to_onnxruntime:.4}, rounding {rounding:.4}");
        assert!(to_onnxruntime < 0.5 * rounding, "{variant}: {to_onnxruntime} against {rounding}");
    }
}

#[test]
fn no_stock_product_and_no_stock_integer_operator_is_left() {
    for variant in VARIANTS {
        let mut expected: BTreeMap<String, usize> = [
            ("Embedding", 1),
            ("RobertaPositions", 1),
            ("AddLayerNorm", 1 + 2 * 2),
            ("SelfAttention", 1),
            ("FirstTokenAttention", 1),
            ("QuantizedLinear", 2 + 2),
            ("FeedForward", 2),
            // The mask.
            ("AddAxis", 2),
            ("Cast", 1),
            ("Sub", 1),
            ("Mul", 1),
            // The first token of the last layer's residual; then the head.
            ("Gather", 1),
            ("PortableTanh", 1),
        ]
        .map(|(name, count)| (name.to_owned(), count))
        .into();
        if variant == "bert" {
            expected.remove("RobertaPositions");
        }
        assert_eq!(graph(&model(variant)).unwrap().census(), expected, "{variant}");
    }
}

#[test]
fn bert_reads_the_segments() {
    let graph = graph(&model("bert")).unwrap();
    let ids = vec![101, 300, 400, 102, 500, 102];
    let [one, other] =
        [[0, 0, 0, 0, 1, 1], [0; 6]].map(|type_ids| TokenSequence { ids: ids.clone(), type_ids: type_ids.into() });
    assert!((graph.logit(&one).unwrap() - graph.logit(&other).unwrap()).abs() > 0.1);
}

#[test]
fn a_text_longer_than_the_position_table_is_refused() {
    let graph = graph(&model("bert")).unwrap();
    let sequence = |length| TokenSequence { ids: vec![200; length], type_ids: vec![0; length] };
    assert!(graph.logit(&sequence(512)).is_ok());
    let error = graph.logit(&sequence(513)).unwrap_err().to_string();
    assert!(error.contains("needs row 512 of a table of 512 rows"), "{error}");
}

/// Positions that do not count up need their row of the table, so tract's operators compute the sum.
#[test]
fn other_positions_keep_their_stock_operators() {
    let mut changed = model("bert");
    let numbers: Vec<u8> = (0..512i64).flat_map(i64::to_le_bytes).collect();
    let start = changed.windows(numbers.len()).position(|bytes| bytes == numbers).unwrap();
    let backwards = (0..512i64).rev().flat_map(i64::to_le_bytes);
    changed.splice(start..start + numbers.len(), backwards);

    let fused = graph(&changed).unwrap();
    assert_eq!(fused.census()["Embedding"], 2);
    assert_eq!(fused.census()["Add"], 1);
    let [Rewrite::Embedding, others @ ..] = Rewrite::ALL else { panic!("the first rewrite is another") };
    let (fused, unfused) = (logits(&fused, "bert"), logits(&graph_with(&changed, &others).unwrap(), "bert"));
    assert!(distance(&fused, &unfused) < 0.01, "{}", distance(&fused, &unfused));
    assert!(distance(&fused, &logits(&graph(&model("bert")).unwrap(), "bert")) > 0.1);
}

#[test]
fn a_language_model_is_refused_with_the_reason() {
    let mut model = model("bert");
    let (name, other) = (b"attention_mask", b"past_key_value");
    let places: Vec<usize> = (0..model.len() - name.len()).filter(|&place| model[place..].starts_with(name)).collect();
    places.into_iter().for_each(|place| model[place..][..name.len()].copy_from_slice(other));
    let error = graph(&model).unwrap_err();
    assert_eq!(error.code(), "unsupported_model");
    assert!(error.to_string().contains("a language model that generates text"), "{error}");
}
