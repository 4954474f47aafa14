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

fn picks_first_token(model: &TypedModel, node: &TypedNode) -> bool {
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
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::{change_first, count_after};

    #[test]
    fn the_pick_of_the_first_token_moves_up_and_no_other() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::FirstToken, "Gather", change);
        assert_eq!(count(&|_| {}), 2);
        assert_eq!(count(&|graph| change_first(graph, |gather: &mut Gather| gather.axis = 2)), 1);
    }
}
