//! Moves the Gather of the first token up, through row-wise operators and the queries of attention. Only that token's
//! output is read at the end, so the last layer need not compute the others.

use tract_core::internal::*;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::math::Add;

use super::attention::Attention;
use super::layer_norm::AddLayerNorm;
use super::linear::LinearLayers;
use super::pattern::*;
use super::weights::Weights;
use crate::graph::import::gather::Gather;

/// `Operation` computes each row of its output from the same row of each input.
fn move_above<Operation: TypedOp + Clone>(
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    operation: &Operation,
    row_inputs: usize,
) -> TractResult<Option<TypedModelPatch>> {
    let output = OutletId::from(node.id);
    let readers = model.outlet_successors(output);
    rule_if!(!readers.is_empty() && !model.outputs.contains(&output) && node.outputs.len() == 1);
    rule_if!(model.outlet_fact(output)?.rank() == 3);
    rule_if!(readers.iter().all(|reader| reader.slot == 0 && picks_first_token(model, model.node(reader.node))));

    let mut patch = TypedModelPatch::default();
    let mut inputs = patch.taps(model, &node.inputs)?;
    let first = patch.add_const(format!("{name}.first_token.index"), tensor0(0i64))?;
    let gather = Gather { axis: 1 };
    for (index, input) in inputs.iter_mut().enumerate().take(row_inputs) {
        *input = patch.wire_node(format!("{name}.first_token.{index}"), gather.clone(), &[*input, first])?[0];
    }
    let picked = patch.wire_node(name, operation.clone(), &inputs)?;
    for reader in readers {
        patch.shunt_outside(model, reader.node.into(), picked[0])?;
    }
    Ok(Some(patch))
}

/// Matches the Gather of each sequence's first row.
pub fn picks_first_token(model: &TypedModel, node: &TypedNode) -> bool {
    node.op_as::<Gather>().is_some_and(|gather| gather.axis == 1)
        && constant(model, node.inputs[1]).is_some_and(|index| index.rank() == 0 && all_equal(&index, 0))
}

pub fn above_linear(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    linear: &LinearLayers,
) -> TractResult<Option<TypedModelPatch>> {
    move_above(model, node, name, linear, 1)
}

pub fn above_layer_norm(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    norm: &AddLayerNorm,
) -> TractResult<Option<TypedModelPatch>> {
    move_above(model, node, name, norm, node.inputs.len())
}

/// The sum of a layer's output and its residual.
pub fn above_sum(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    sum: &TypedBinOp,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(sum.0.is::<Add>());
    let shape = &node.outputs[0].fact.shape;
    for &input in &node.inputs {
        rule_if!(model.outlet_fact(input)?.shape == *shape);
    }
    move_above(model, node, name, sum, 2)
}

pub fn above_attention(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    attention: &Attention,
) -> TractResult<Option<TypedModelPatch>> {
    move_above(model, node, name, attention, 1)
}

#[cfg(test)]
mod tests {
    use tract_core::ops::math::{add, mul};

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{apply, change_first, count_after, nodes_of};

    #[test]
    fn the_pick_of_the_first_token_moves_up_and_no_other() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::FirstToken, "Gather", change);
        assert_eq!(count(&|_| {}), 2);
        assert_eq!(count(&|graph| change_first(graph, |gather: &mut Gather| gather.axis = 2)), 1);
    }

    /// Returns true if the pick of the first token behind `operation` moved above it. The residual has one row, or one
    /// for each token.
    fn moved(operation: TypedBinOp, has_one_row: bool, change: fn(&mut TypedModel, OutletId)) -> bool {
        let mut graph = TypedModel::default();
        let tokens = TDim::from(graph.symbols.sym("tokens"));
        let rows = if has_one_row { 1.to_dim() } else { tokens.clone() };
        let operands = [("layer", tokens), ("residual", rows)]
            .map(|(name, tokens)| graph.add_source(name, f32::fact([2.to_dim(), tokens, 4.to_dim()])).unwrap());
        let joined = graph.wire_node("joined", operation, &operands).unwrap();
        let first = graph.add_const("first", tensor0(0i64)).unwrap();
        let picked = graph.wire_node("picked", Gather { axis: 1 }, &[joined[0], first]).unwrap();
        graph.select_output_outlets(&picked).unwrap();
        change(&mut graph, joined[0]);
        apply(&mut graph, above_sum);
        nodes_of::<Gather>(&graph).len() == 2
    }

    #[test]
    fn the_pick_moves_above_sums_of_rows_that_nothing_else_reads() {
        assert!(moved(add(), false, |_, _| {}));
        assert!(!moved(mul(), false, |_, _| {}));
        assert!(!moved(add(), true, |_, _| {}));
        assert!(!moved(add(), false, |graph, sum| graph.outputs.push(sum)));
    }
}
