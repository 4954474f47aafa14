//! Graphs of further forms: static quantisation, and operators that exporters wrote out before. `models/families/make.sh
//! --size forms` makes them; `RERANK_WASM_FORMS` names a folder of newer ones.

mod support;

use std::path::PathBuf;

use rerank_wasm::graph::Encoder;
use serde::Deserialize;
use support::family;

const NAMES: [&str; 6] =
    ["bert-einsum", "bert-fixed", "bert-operators", "bert-static-all", "bert-static-channel", "modernbert-operators"];

#[derive(Deserialize)]
struct Row {
    #[serde(flatten)]
    pair: family::Row,
    exact: f32,
}

fn folder() -> PathBuf {
    family::folder("RERANK_WASM_FORMS", "tests/fixtures/forms")
}

fn model(name: &str) -> Vec<u8> {
    support::read(&folder().join(format!("{name}.onnx")).to_string_lossy())
}

fn rows(name: &str) -> Vec<Row> {
    support::read_json_lines(&folder().join(format!("{name}.jsonl")).to_string_lossy())
}

fn logits(graph: &Encoder, rows: &[Row]) -> Vec<f32> {
    rows.iter().map(|row| graph.logit(&row.pair.sequence()).unwrap()).collect()
}

fn distance(logits: &[f32], others: impl Iterator<Item = f32>) -> f32 {
    logits.iter().zip(others).map(|(one, other)| (one - other).abs()).sum::<f32>() / logits.len() as f32
}

#[test]
fn no_stock_product_and_no_rounding_is_left() {
    for name in NAMES {
        let census = support::graph(&model(name)).unwrap().census();
        let count = |operator: &str| census.get(operator).copied().unwrap_or(0);
        let layers = if name.starts_with("modernbert") { 3 } else { 2 };
        let expected =
            [("SelfAttention", layers - 1), ("FirstTokenAttention", 1), ("FeedForward", layers), ("Embedding", 1)];
        for (operator, expected) in expected {
            assert_eq!(count(operator), expected, "{name}: {operator} in {census:?}");
        }
        for operator in
            ["EinSum", "OptMatMul", "IntegerMatMul", "Softmax", "Erf", "QuantizeLinear", "DequantizeLinearF32"]
        {
            assert_eq!(count(operator), 0, "{name}: {operator} in {census:?}");
        }
    }
}

/// The logits spread over about 1. onnxruntime rounds whole tensors of activations; the engine rounds rows.
#[test]
fn logits_are_near_onnxruntimes() {
    for name in NAMES {
        let rows = rows(name);
        let distance =
            distance(&logits(&support::graph(&model(name)).unwrap(), &rows), rows.iter().map(|row| row.pair.logit));
        println!("{name}: {distance}");
        assert!(distance < 0.06, "{name}: {distance}");
    }
}

/// The engine does not round activations by the file's scales. That is right only if it rounds less.
#[test]
fn statically_quantised_graphs_are_nearer_to_exact_logits_than_onnxruntime_is() {
    for name in NAMES.iter().filter(|name| name.contains("static")) {
        let rows = rows(name);
        let exact = || rows.iter().map(|row| row.exact);
        let own = distance(&logits(&support::graph(&model(name)).unwrap(), &rows), exact());
        let onnxruntimes = distance(&rows.iter().map(|row| row.pair.logit).collect::<Vec<_>>(), exact());
        println!("{name}: {own} against {onnxruntimes}");
        assert!(own <= onnxruntimes, "{name}: {own} against {onnxruntimes}");
    }
}

/// onnxruntime multiplies integers in a graph of static quantisation, so its roundings are others there.
#[test]
fn stock_operators_give_onnxruntimes_logits() {
    for name in NAMES.iter().filter(|name| !name.contains("static")) {
        let rows = rows(name);
        let logits = logits(&support::graph_with(&model(name), &[]).unwrap(), &rows);
        let mut distances: Vec<f32> =
            logits.iter().zip(&rows).map(|(logit, row)| (logit - row.pair.logit).abs()).collect();
        println!("{name}: {distances:?}");
        distances.sort_by(f32::total_cmp);
        // A number halfway between two integers rounds either way.
        assert!(distances[distances.len() / 2] < 1e-3, "{name}: {distances:?}");
    }
}
