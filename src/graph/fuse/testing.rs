//! The graph of the tiny stand-in before a rewrite, so that a test can change a node and see that the rewrite skips it.

use tract_core::internal::*;

use super::rewrite::Rewrite;
use super::weights::Weights;
use crate::graph::import::import;
use crate::onnx::Parser;
use crate::onnx::schema::Model;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/standin-tiny/onnx/model_quantized.onnx");

/// Counts nodes called `operator` after `change` and then `rewrite` have run on the graph.
pub fn count_after(rewrite: Rewrite, operator: &str, change: impl FnOnce(&mut TypedModel)) -> usize {
    let mut parser = Parser::new(None);
    parser.push(&std::fs::read(TINY).unwrap()).unwrap();
    let model = parser.finish().unwrap();
    let inputs = ["input_ids", "attention_mask"];
    let mut graph = import(&Model::read(&model.graph).unwrap(), inputs, &model.weights).unwrap();
    let weights = Weights::new(model.weights);
    let mut change = Some(change);
    let mut apply = |graph: &mut TypedModel, next: Rewrite| {
        if next == rewrite
            && let Some(change) = change.take()
        {
            change(graph);
        }
        next.apply(graph, &weights).unwrap();
    };
    apply(&mut graph, Rewrite::Linear);
    if rewrite != Rewrite::Linear {
        graph.declutter().unwrap();
        for next in Rewrite::ALL.into_iter().take_while(|&next| next != rewrite).chain([rewrite]) {
            apply(&mut graph, next);
        }
    }
    // Replaced nodes remain in the graph, without readers.
    graph.compact().unwrap();
    graph.nodes().iter().filter(|node| node.op.name() == operator).count()
}

/// Changes the first operator of this kind.
pub fn change_first<Operator: TypedOp>(graph: &mut TypedModel, change: impl FnOnce(&mut Operator)) {
    let node = graph.nodes.iter_mut().find(|node| node.op_is::<Operator>()).unwrap();
    change(node.op_as_mut::<Operator>().unwrap());
}
