//! Graphs of fixtures before a rewrite, so that a test can change a node and see that the rewrite skips it.

use tract_core::internal::*;

use super::linear::LinearLayers;
use super::rewrite::Rewrite;
use super::weights::Weights;
use crate::graph::import::import;
use crate::graph::import::simplify::simplify;
use crate::kernels::linear::{Linear, Packer};
use crate::onnx::Parser;
use crate::onnx::schema::Model;

/// The tiny stand-in.
pub const TINY: &str = "standin-tiny/onnx/model_quantized.onnx";

/// Rotary positions, a gate, local windows, and queries, keys and values from one layer.
pub const MODERNBERT: &str = "families/modernbert-5-torchscript-sdpa-web.onnx";

/// Counts nodes called `operator` after `change` and then `rewrite` have run on the graph of the tiny stand-in.
pub fn count_after(rewrite: Rewrite, operator: &str, change: impl FnOnce(&mut TypedModel)) -> usize {
    count_in(TINY, rewrite, operator, change)
}

/// As [`count_after`], on the graph of this fixture.
pub fn count_in(fixture: &str, rewrite: Rewrite, operator: &str, change: impl FnOnce(&mut TypedModel)) -> usize {
    let graph = after(fixture, rewrite, change);
    graph.nodes().iter().filter(|node| node.op.name() == operator).count()
}

/// The graph of a fixture after `change` and then `rewrite` have run on it.
pub fn after(fixture: &str, rewrite: Rewrite, change: impl FnOnce(&mut TypedModel)) -> TypedModel {
    let path = format!("{}/tests/fixtures/{fixture}", env!("CARGO_MANIFEST_DIR"));
    let mut parser = Parser::new(None);
    parser.push(&std::fs::read(path).unwrap()).unwrap();
    let model = parser.finish().unwrap();
    let file = Model::read(&model.graph).unwrap();
    let inputs = file.graph.inputs.iter().copied().filter(|name| model.weights.get(name).is_none());
    let mut graph = import(&file, inputs, None, &model.weights).unwrap();
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
        simplify(&mut graph).unwrap();
        for next in Rewrite::ALL.into_iter().take_while(|&next| next != rewrite).chain([rewrite]) {
            apply(&mut graph, next);
        }
    }
    // Replaced nodes remain in the graph, without readers.
    graph.compact().unwrap();
    graph
}

/// Applies one rule to a graph without weights.
pub fn apply<Operator: TypedOp>(
    graph: &mut TypedModel,
    rule: impl Fn(&Weights, &TypedModel, &TypedNode, &str, &Operator) -> TractResult<Option<TypedModelPatch>> + 'static,
) {
    Rewriter::default().with_rule_for("tested", rule).rewrite(&Weights::default(), graph).unwrap();
    graph.compact().unwrap();
}

/// The nodes with an operator of this kind.
pub fn nodes_of<Operator: TypedOp>(graph: &TypedModel) -> TVec<usize> {
    graph.nodes().iter().filter(|node| node.op_is::<Operator>()).map(|node| node.id).collect()
}

/// Changes the first operator of this kind.
pub fn change_first<Operator: TypedOp>(graph: &mut TypedModel, change: impl FnOnce(&mut Operator)) {
    let node = graph.nodes.iter_mut().find(|node| node.op_is::<Operator>()).unwrap();
    change(node.op_as_mut::<Operator>().unwrap());
}

/// A graph with a row of `inputs` numbers for each token, and a layer that reads it.
pub fn with_layer(inputs: usize, layer: LinearLayers) -> (TypedModel, TVec<OutletId>) {
    let mut graph = TypedModel::default();
    let tokens = TDim::from(graph.symbols.sym("tokens"));
    let rows = graph.add_source("rows", f32::fact([1.to_dim(), tokens, inputs.to_dim()])).unwrap();
    let outputs = graph.wire_node("layer", layer, &[rows]).unwrap();
    (graph, outputs)
}

/// A layer with small weights.
pub fn layer(inputs: usize, outputs: usize) -> LinearLayers {
    let mut packer = Packer::new(inputs, outputs).unwrap();
    packer.push(&(0..inputs * outputs).map(|index| (index % 7) as u8).collect::<Vec<_>>());
    let linear = Linear::new(Arc::new(packer.finish()), &[0.1], &vec![0.0; outputs]);
    LinearLayers::quantized(tvec![Arc::new(linear)])
}
