mod support;
use rerank_wasm::graph::Graph;
#[test]
fn census() {
    let graph = Graph::from_onnx(support::read("tests/fixtures/standin-tiny/onnx/model_quantized.onnx")).unwrap();
    println!("{:#?}", graph.census());
}
