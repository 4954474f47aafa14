//! Products of two tensors of activations that the file quantises: the scores of attention and its context.
//!
//! Sentence Transformers' recipe for AVX-512 quantises these, too. The kernel of attention rounds rows finer, so the
//! rewrite restores the product of floats.

use tract_core::internal::*;
use tract_core::ops::change_axes::{AxisOp, perm_to_ops};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Mul, mul};

use super::pattern::*;
use super::weights::Weights;
use crate::graph::import::operators::{DynamicQuantizeLinear, IntegerMatMul, matmul_axes};

/// Matches from the IntegerMatMul on.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &IntegerMatMul,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if_some!((floats, scaled) = rounded_operands(model, node));
    let ranks = floats.map(|outlet| model.outlet_fact(outlet).map_or(0, |fact| fact.rank()));
    let product = EinSum { axes: matmul_axes(ranks[0], ranks[1])?, operating_dt: f32::datum_type(), q_params: None };
    replaced(model, name, product, &floats, scaled)
}

/// The floats that both operands of an integer product are rounded from as the graph runs, and the node that makes floats
/// of the product. `None` for any other product.
pub fn rounded_operands<'model>(
    model: &'model TypedModel,
    node: &TypedNode,
) -> Option<([OutletId; 2], &'model TypedNode)> {
    let quantized = [0, 1].map(|operand| producer(model, node.inputs[operand]));
    let is_rounded = |(operand, quantize): (usize, &&TypedNode)| {
        quantize.op_is::<DynamicQuantizeLinear>()
            && node.inputs[operand] == OutletId::new(quantize.id, 0)
            && node.inputs[operand + 2] == OutletId::new(quantize.id, 2)
    };
    quantized.iter().enumerate().all(is_rounded).then_some(())?;
    let (scaled, scales) = scaled_floats(model, node)?;
    let scales = producer(model, without_added_axes(model, scales));
    is_binary::<Mul>(scales).then_some(())?;
    let scale_of = |operand: usize| OutletId::new(quantized[operand].id, 1);
    let given = [0, 1].map(|input| without_added_axes(model, scales.inputs[input]));
    (given == [scale_of(0), scale_of(1)] || given == [scale_of(1), scale_of(0)]).then_some(())?;
    Some((quantized.map(|quantize| quantize.inputs[0]), scaled))
}

/// Turns a product without a sum, such as that of positions and frequencies, into a multiplication that broadcasts.
pub fn outer(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &EinSum,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(product.q_params.is_none() && node.inputs.len() == 2);
    let output = axis_letters(product, InOut::Out(0));
    let mut patch = TypedModelPatch::default();
    let mut factors = patch.taps(model, &node.inputs)?;
    for (index, factor) in factors.iter_mut().enumerate() {
        let own = axis_letters(product, InOut::In(index));
        rule_if!(own.iter().all(|letter| output.contains(letter)));
        rule_if!(model.outlet_fact(node.inputs[index])?.datum_type == f32::datum_type());
        let order: TVec<usize> = output.iter().filter_map(|letter| own.iter().position(|it| it == letter)).collect();
        rule_if!(order.len() == own.len());
        let missing = (0..output.len()).filter(|&axis| !own.contains(&output[axis])).map(AxisOp::Add);
        for (step, change) in perm_to_ops(&order).into_iter().chain(missing).enumerate() {
            *factor = patch.wire_node(format!("{name}.{index}.{step}"), change, &[*factor])?[0];
        }
    }
    let output = patch.wire_node(name, mul(), &factors)?;
    patch.shunt_outside(model, node.id.into(), output[0])?;
    Ok(Some(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::testing::{apply, nodes_of};

    /// Returns true if the product became a multiplication.
    fn is_outer(axes: &str, left: TypedFact, right: TypedFact) -> bool {
        let mut graph = TypedModel::default();
        let operating_dt = left.datum_type;
        let inputs = [("left", left), ("right", right)].map(|(name, fact)| graph.add_source(name, fact).unwrap());
        let product = EinSum { axes: axes.parse().unwrap(), operating_dt, q_params: None };
        let output = graph.wire_node("product", product, &inputs).unwrap();
        graph.select_output_outlets(&output).unwrap();
        let shape = graph.outlet_fact(output[0]).unwrap().shape.clone();
        apply(&mut graph, outer);
        assert_eq!(graph.outlet_fact(graph.outputs[0]).unwrap().shape, shape);
        nodes_of::<EinSum>(&graph).is_empty()
    }

    #[test]
    fn takes_products_of_floats_without_a_sum() {
        assert!(is_outer("m,n->mn", f32::fact([3]), f32::fact([4])));
        assert!(is_outer("bm,bn->bnm", f32::fact([2, 3]), f32::fact([2, 4])));
        assert!(!is_outer("mk,kn->mn", f32::fact([3, 5]), f32::fact([5, 4])));
        assert!(!is_outer("mk,n->mn", f32::fact([3, 5]), f32::fact([4])));
        assert!(!is_outer("m,n->mn", i32::fact([3]), i32::fact([4])));
    }
}
