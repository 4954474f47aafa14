//! The graph loader returns a graph or an error for any file that the parser accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::graph::{Graph, TokenSequence};
use rerank_wasm::onnx::Parser;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::new(None);
    if parser.push(bytes).is_ok()
        && let Ok(model) = parser.finish()
        && let Ok(graph) = Graph::from_onnx(model)
    {
        let _ = graph.logit(&TokenSequence { ids: vec![0, 5, 2], type_ids: vec![0; 3] });
    }
});
