//! Memory of a forward pass over a long text.

#[path = "support/allocations.rs"]
mod allocations;
mod support;

use allocations::measured;
use rerank_wasm::graph::TokenSequence;

const TOKENS: usize = 8192;
/// The width of models/families/recipe/sizes.py.
const HIDDEN: usize = 32;

/// Two hidden states and what attention keeps of all heads, which are as wide as the hidden state here. A number for each
/// pair of places would be 256 times as much.
#[test]
fn a_long_text_takes_few_hidden_states() {
    for (family, most) in [("gte", 9.0), ("jina-bert", 8.1), ("modernbert", 10.8)] {
        let file = support::read(&format!("tests/fixtures/families/{family}-5-torchscript-sdpa-web.onnx"));
        let graph = support::graph(&file).unwrap();
        let sequence = TokenSequence { ids: vec![7; TOKENS], type_ids: vec![0; TOKENS] };
        let (logit, memory) = measured(|| graph.logit(&sequence));
        let states = memory as f64 / (TOKENS * HIDDEN * size_of::<f32>()) as f64;
        println!("{family}: {states:.2}");
        assert!(logit.is_ok() && states < most, "{family}: {states}");
    }
}
