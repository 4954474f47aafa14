//! Finds linear layers on integers in graphs of static quantisation (QDQ).
//!
//! In the graph this is MatMul of floats and of a DequantizeLinear of the weights, then Add. Pairs of QuantizeLinear and
//! DequantizeLinear with scales from a calibration stand between all operators.
//!
//! The engine leaves these pairs out. A layer quantises each row of its input by the row's own range, as in graphs of
//! dynamic quantisation, and all other operators read floats. So a logit is nearer to that of exact arithmetic on the
//! same weights than the pairs would put it, and numbers outside the calibrated range are not cut off.

use tract_core::internal::*;
use tract_core::ops::cast::Cast;
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Mul, Sub};
use tract_core::ops::quant::DequantizeLinearF32;

use super::float::sum_and_column;
use super::operator::LinearLayers;
use super::quantized::packed_zero_points;
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::operators::QuantizeLinear;
use crate::kernels::linear::{Linear, MAX_SHIFTED_INPUTS};

/// Leaves out a DequantizeLinear of a QuantizeLinear with the same parameters.
pub fn drop_rounding(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    _: &str,
    dequantize: &DequantizeLinearF32,
) -> TractResult<Option<TypedModelPatch>> {
    let source = producer(model, node.inputs[0]);
    rule_if_some!(quantize = source.op_as::<QuantizeLinear>());
    rule_if!(quantize.scale == dequantize.scale && quantize.zero_point == dequantize.zero_point as f32);
    let mut patch = TypedModelPatch::default();
    let floats = patch.tap_model(model, source.inputs[0])?;
    patch.shunt_outside(model, node.id.into(), floats)?;
    Ok(Some(patch))
}

/// Matches the product.
pub fn fuse(
    weights: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    product: &EinSum,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(product.q_params.is_none() && node.inputs.len() == 2);
    rule_if_some!(Dequantized { integers, scales, zero_points } = dequantized(model, node.inputs[1]));
    rule_if_some!((matrix, zero) = weights.matrix(model, integers));
    let (inputs, outputs) = (matrix.rows(), matrix.columns());
    rule_if_some!((sum, column) = sum_and_column(product, 0));
    rule_if!(axis_letters(product, InOut::In(1))[..] == [sum, column]);
    let rows = model.outlet_fact(node.inputs[0])?;
    rule_if!(rows.datum_type == f32::datum_type() && rows.shape.last() == Some(&inputs.to_dim()));
    rule_if_some!(scales = row(&scales, outputs));
    rule_if_some!(zero_points = packed_zero_points(&zero_points, zero, outputs));
    let shifted = zero_points.iter().any(|&it| it != 0);
    rule_if!(!shifted || inputs <= MAX_SHIFTED_INPUTS);

    let (mut last, mut bias) = (node, vec![0.0; outputs]);
    if let Some((add, values)) = added_row(model, last, outputs) {
        (last, bias) = (add, values);
    }
    let layer = Linear::new(matrix.clone(), &scales, &bias);
    let layer = Arc::new(if shifted { layer.with_zero_points(&zero_points) } else { layer });
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let output = patch.wire_node(name, LinearLayers::quantized(tvec!(layer)), &[input])?;
    patch.shunt_outside(model, last.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Floats that integers stand for.
struct Dequantized {
    integers: OutletId,
    /// One number for all, or one for each column; the same holds for the zero points.
    scales: Arc<Tensor>,
    zero_points: Arc<Tensor>,
}

fn dequantized(model: &TypedModel, outlet: OutletId) -> Option<Dequantized> {
    let node = producer(model, outlet);
    if let Some(&DequantizeLinearF32 { scale, zero_point }) = node.op_as() {
        let [scales, zero_points] = [tensor0(scale), tensor0(zero_point)].map(Tensor::into_arc_tensor);
        return Some(Dequantized { integers: node.inputs[0], scales, zero_points });
    }
    let (centered, scales) = variable_and_constant(model, node).filter(|_| is_binary::<Mul>(node))?;
    let centered = Some(producer(model, centered)).filter(|node| is_binary::<Sub>(node))?;
    let zero_points = constant(model, centered.inputs[1])?;
    let cast = producer(model, centered.inputs[0]);
    cast.op_is::<Cast>().then(|| Dequantized { integers: cast.inputs[0], scales, zero_points })
}
