//! The graph loader returns a graph or an error for any file that the parser accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rerank_wasm::graph::{Encoder, TokenSequence};
use rerank_wasm::onnx::Parser;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::new(None);
    if parser.push(bytes).is_ok()
        && let Ok(model) = parser.finish()
        && let Ok(graph) = Encoder::from_onnx(model)
    {
        let sequence = TokenSequence { ids: vec![0, 5, 2], type_ids: vec![0; 3] };
        if graph.largest_tensor(3) < 1 << 20 {
            let _ = graph.rehearse(&sequence);
        }
        let _ = graph.logit(&sequence);
    }
});
