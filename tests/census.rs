//! The operators in the plan of bge-reranker-base's graph. The tiny stand-in has this graph with 2 layers in place of
//! 12.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn the_plan_is_made_of_fused_operators() {
    assert_eq!(support::graph(&support::read(support::TINY)).unwrap().census(), expected(2));
}

/// `scripts/test.sh` makes the stand-in of the model's size and passes its place.
#[test]
fn so_is_that_of_the_full_size() {
    let Some(directory) = std::env::var_os("RERANK_WASM_STANDIN") else { return };
    let model = std::fs::read(Path::new(&directory).join("onnx/model_quantized.onnx")).unwrap();
    assert_eq!(support::graph(&model).unwrap().census(), expected(12));
}

fn expected(layers: usize) -> BTreeMap<String, usize> {
    // `QuantizedLinear`: each layer has one for attention's output, and the head has two.
    let expected = [
        ("Embedding", 1),
        ("RobertaPositions", 1),
        ("AddLayerNorm", 1 + 2 * layers),
        ("SelfAttention", layers - 1),
        ("FirstTokenAttention", 1),
        ("QuantizedLinear", layers + 2),
        ("FeedForward", layers),
        // The mask: 0 or the lowest float for each key.
        ("AddAxis", 2),
        ("Cast", 1),
        ("Sub", 1),
        ("Mul", 1),
        // The first token of the last layer's residual; then the head.
        ("Gather", 1),
        ("PortableTanh", 1),
    ];
    expected.map(|(name, count)| (name.to_owned(), count)).into()
}

#[test]
fn a_profile_has_every_operator_of_the_plan() {
    let reranker = support::load_mini();
    let mut ticks = 0.0;
    let mut clock = || {
        ticks += 1.0;
        ticks
    };
    let times = reranker.profile(7, &mut clock).unwrap();
    let attention = times.iter().find(|time| time.operator == "SelfAttention").unwrap();
    // Each node reads the clock at its start and its end.
    assert!(times.iter().all(|time| time.milliseconds == time.nodes as f64));
    assert!(attention.nodes > 1 && times.is_sorted_by(|one, other| one.milliseconds >= other.milliseconds));
}
