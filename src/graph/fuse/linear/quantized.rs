//! Finds linear layers on integers.
//!
//! In the graph this is DynamicQuantizeLinear, IntegerMatMul, Cast, Mul by both scales, Add.

use tract_core::internal::*;
use tract_core::ops::math::Mul;

use super::operator::LinearLayers;
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::operators::{DynamicQuantizeLinear, IntegerMatMul};
use crate::kernels::linear::{Linear, MAX_SHIFTED_INPUTS, PackedMatrix};

/// Matches from the IntegerMatMul on.
pub fn fuse(
    weights: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &IntegerMatMul,
) -> TractResult<Option<TypedModelPatch>> {
    let quantize = producer(model, node.inputs[0]);
    rule_if!(quantize.op_is::<DynamicQuantizeLinear>());
    rule_if!(node.inputs[0] == OutletId::new(quantize.id, 0) && node.inputs[2] == OutletId::new(quantize.id, 2));
    rule_if_some!((matrix, zero) = weights.matrix(model, node.inputs[1]));
    let outputs = matrix.columns();
    rule_if_some!(zero_points = constant(model, node.inputs[3]));

    rule_if_some!((scaled, scales) = scaled_floats(model, node));
    rule_if_some!(scales = weight_scales(model, scales, quantize, outputs));
    let (last, bias) = with_added_row(model, scaled, outputs);
    rule_if_some!(layer = layer(matrix, &scales, zero, &zero_points, &bias));
    replaced(model, name, layer, &[quantize.inputs[0]], last)
}

/// The layer of a packed matrix. The file has one zero point for each output or one for all. `zero` is the number of
/// the file where the packed form has 0. `None` if the points do not fit.
pub fn layer(
    matrix: &Arc<PackedMatrix>,
    scales: &[f32],
    zero: i64,
    zero_points: &Tensor,
    bias: &[f32],
) -> Option<LinearLayers> {
    let zero_points = packed_zero_points(zero_points, zero, matrix.columns())?;
    let layer = Linear::new(matrix.clone(), scales, bias);
    if zero_points.iter().all(|&it| it == 0) {
        return Some(LinearLayers::quantized(tvec!(Arc::new(layer))));
    }
    (matrix.rows() <= MAX_SHIFTED_INPUTS).then_some(())?;
    Some(LinearLayers::quantized(tvec!(Arc::new(layer.with_zero_points(&zero_points)))))
}

/// The zero points of a matrix, one for each output or one for all. They are relative to the packed form, where the
/// file's `zero` is 0.
fn packed_zero_points(tensor: &Tensor, zero: i64, outputs: usize) -> Option<Vec<i8>> {
    let numbers = tensor.cast_to::<i64>().ok()?;
    let numbers = numbers.try_as_plain_ram().ok()?.as_slice::<i64>().ok()?;
    let last = tensor.shape().last().copied().unwrap_or(1);
    let fits = numbers.len() == 1 || numbers.len() == outputs && last == outputs;
    fits.then(|| numbers.iter().map(|number| i8::try_from(number - zero).ok()).collect())?
}

/// The scales of the weights, from their product with the scale of the quantised input.
fn weight_scales(model: &TypedModel, product: OutletId, quantize: &TypedNode, outputs: usize) -> Option<Vec<f32>> {
    let product = producer(model, without_added_axes(model, product));
    if !is_binary::<Mul>(product) {
        return None;
    }
    let (input_scale, scales) = variable_and_constant(model, product)?;
    if without_added_axes(model, input_scale) != OutletId::new(quantize.id, 1) {
        return None;
    }
    row(&scales, outputs)
}

#[cfg(test)]
mod tests {
    use tract_core::ops::cast::Cast;

    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::count_after;

    #[test]
    fn takes_every_product_that_becomes_floats() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::Linear, "IntegerMatMul", change);
        assert_eq!(count(&|_| {}), 0);
        let to_double = |graph: &mut TypedModel| {
            let product = graph.nodes().iter().find(|node| node.op_is::<IntegerMatMul>()).unwrap();
            let cast = product.outputs[0].successors[0].node;
            graph.nodes[cast].op_as_mut::<Cast>().unwrap().to = f64::datum_type();
        };
        assert_eq!(count(&to_double), 1);
    }
}
