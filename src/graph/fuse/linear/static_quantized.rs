//! Finds linear layers on integers in graphs of static quantisation (QDQ).
//!
//! In the graph this is MatMul of floats and of a DequantizeLinear of the weights, then Add. Pairs of QuantizeLinear and
//! DequantizeLinear with scales from a calibration stand between all operators.
//!
//! The engine leaves these pairs out. A layer quantises each row of its input by the row's own range, as in graphs of
//! dynamic quantisation, and all other operators read floats. So a logit is nearer to that of exact arithmetic on the
//! same weights than the pairs would put it. Numbers outside the calibrated range are not cut off. One bound stays:
//! onnxruntime's quantiser removes a ReLU in front of a range that begins at 0, because the integers do its work.

use tract_core::internal::*;
use tract_core::ops::array::MultiBroadcastTo;
use tract_core::ops::cast::Cast;
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::einsum::EinSum;
use tract_core::ops::logic::Iff;
use tract_core::ops::math::{Add, Erf, Max, Mul, Sub, max};
use tract_core::ops::nn::{Sigmoid, Softmax};
use tract_core::ops::quant::DequantizeLinearF32;

use super::float::sum_and_column;
use super::quantized::layer;
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;
use crate::graph::import::operators::QuantizeLinear;

/// Most operators in front of a tensor that [`is_not_negative`] looks at.
const MOST_NODES: usize = 32;

/// Leaves out a DequantizeLinear of a QuantizeLinear with the same parameters. If no integer stands for a negative number,
/// a ReLU takes their place.
pub fn drop_rounding(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    _: &DequantizeLinearF32,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if_some!((quantize, input) = rounding(model, node.id.into()));
    let mut patch = TypedModelPatch::default();
    let mut floats = patch.tap_model(model, input)?;
    if quantize.has_no_negative() && !is_not_negative(model, input, &mut MOST_NODES.clone()) {
        let zero = tensor0(0f32).broadcast_into_rank(model.outlet_fact(input)?.rank())?;
        let zero = patch.add_const(format!("{name}.zero"), zero)?;
        floats = patch.wire_node(format!("{name}.relu"), max(), &[floats, zero])?[0];
    }
    patch.shunt_outside(model, node.id.into(), floats)?;
    Ok(Some(patch))
}

/// The pair that computes `outlet`, if both have the same parameters: its first operator, and what that reads.
fn rounding(model: &TypedModel, outlet: OutletId) -> Option<(&QuantizeLinear, OutletId)> {
    let dequantize = producer(model, outlet);
    let parameters = dequantize.op_as::<DequantizeLinearF32>()?;
    let source = producer(model, dequantize.inputs[0]);
    let quantize = source.op_as::<QuantizeLinear>()?;
    let same = quantize.scale == parameters.scale && quantize.zero_point == parameters.zero_point as f32;
    same.then_some((quantize, source.inputs[0]))
}

/// True if all numbers of the tensor are known not to be negative, as weights of attention and factors of GELU are.
fn is_not_negative(model: &TypedModel, outlet: OutletId, budget: &mut usize) -> bool {
    let Some(left) = budget.checked_sub(1) else { return false };
    *budget = left;
    if let Some(value) = constant(model, outlet) {
        return is_at_least(&value, 0.0);
    }
    if let Some((quantize, input)) = rounding(model, outlet) {
        return quantize.has_no_negative() || is_not_negative(model, input, budget);
    }
    let node = producer(model, outlet);
    if node.op_is::<Softmax>() || is_function::<Sigmoid>(node) {
        return true;
    }
    // The error function is at least −1.
    if let Some((variable, number)) = variable_and_constant(model, node).filter(|_| is_binary::<Add>(node))
        && is_function::<Erf>(producer(model, rounding(model, variable).map_or(variable, |(_, input)| input)))
    {
        return is_at_least(&number, 1.0);
    }
    let is_not_negative = |&input: &OutletId| is_not_negative(model, input, budget);
    if is_binary::<Max>(node) {
        node.inputs.iter().any(is_not_negative)
    } else if node.op_is::<Iff>() {
        node.inputs[1..].iter().all(is_not_negative)
    } else {
        let keeps = node.op_is::<MultiBroadcastTo>() || node.op_is::<AxisOp>() || is_binary::<Mul>(node);
        keeps && node.inputs.iter().all(is_not_negative)
    }
}

fn is_at_least(tensor: &Tensor, least: f32) -> bool {
    let numbers = tensor.cast_to::<f32>().ok();
    let plain = numbers.as_ref().and_then(|numbers| numbers.try_as_plain_ram().ok());
    plain.is_some_and(|plain| plain.as_slice::<f32>().is_ok_and(|numbers| numbers.iter().all(|&it| it >= least)))
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
    let (last, bias) = with_added_row(model, node, outputs);
    rule_if_some!(layer = layer(matrix, &scales, zero, &zero_points, &bias));
    replaced(model, name, layer, &[node.inputs[0]], last)
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

#[cfg(test)]
mod tests {
    use tract_core::ops::nn::SoftmaxKind;

    use super::*;
    use crate::onnx::WeightStore;

    /// The names of the operators, and the output for these numbers, after the rule has run on a pair behind `first`.
    fn after(
        pair: (QuantizeLinear, DequantizeLinearF32),
        first: Option<Softmax>,
        numbers: &[f32],
    ) -> (Vec<String>, Vec<f32>) {
        let mut model = TypedModel::default();
        let mut outlet = model.add_source("numbers", f32::fact([numbers.len()])).unwrap();
        if let Some(softmax) = first {
            outlet = model.wire_node("softmax", softmax, &[outlet]).unwrap()[0];
        }
        let integers = model.wire_node("quantize", pair.0, &[outlet]).unwrap()[0];
        let floats = model.wire_node("dequantize", pair.1, &[integers]).unwrap()[0];
        model.select_output_outlets(&[floats]).unwrap();
        let rules = Rewriter::default().with_rule_for("pair", drop_rounding);
        rules.rewrite(&Weights::new(WeightStore::default()), &mut model).unwrap();
        model.compact().unwrap();
        let operators = model.nodes().iter().map(|node| node.op.name().into_owned()).collect();
        let output = model.into_runnable().unwrap().run(tvec![tensor1(numbers).into()]).unwrap().remove(0);
        (operators, output.view().as_slice::<f32>().unwrap().to_vec())
    }

    fn pair(zero_point: i32, to: DatumType) -> (QuantizeLinear, DequantizeLinearF32) {
        let quantize = QuantizeLinear { scale: 0.5, zero_point: zero_point as f32, to };
        (quantize, DequantizeLinearF32::new(0.5, zero_point))
    }

    #[test]
    fn numbers_pass_a_pair_as_they_are() {
        for (zero_point, to) in [(128, u8::datum_type()), (0, i8::datum_type())] {
            let (operators, output) = after(pair(zero_point, to), None, &[-1.3, 0.2, 400.0]);
            assert_eq!((operators.len(), output), (1, vec![-1.3, 0.2, 400.0]));
        }
    }

    #[test]
    fn a_range_that_begins_at_zero_stays_a_relu() {
        for (zero_point, to) in [(0, u8::datum_type()), (-128, i8::datum_type())] {
            let (_, output) = after(pair(zero_point, to), None, &[-1.3, 0.2, 400.0]);
            assert_eq!(output, [0.0, 0.2, 400.0]);
        }
    }

    #[test]
    fn what_softmax_gives_needs_no_relu() {
        let softmax = Softmax { axes: tvec![0], quant_output_dt: None, kind: SoftmaxKind::Softmax };
        let (operators, _) = after(pair(0, u8::datum_type()), Some(softmax), &[-1.3, 0.2]);
        assert_eq!(operators.len(), 2);
    }

    #[test]
    fn a_pair_of_two_scales_or_zero_points_stays() {
        let (quantize, dequantize) = pair(128, u8::datum_type());
        for other in [DequantizeLinearF32::new(0.25, 128), DequantizeLinearF32::new(0.5, 127)] {
            assert_eq!(after((quantize.clone(), other), None, &[1.0]).0.len(), 3);
        }
        assert_eq!(after((quantize, dequantize), None, &[1.0]).0.len(), 1);
    }
}
