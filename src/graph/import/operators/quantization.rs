//! Converts floats to 8-bit integers and back.

use tract_core::internal::*;
use tract_core::ops::math::{add, div, max, min, mul, round_half_to_even, sub};
use tract_core::ops::quant::DequantizeLinearF32;

use super::{Wire, Wiring, integer_matmul};
use crate::graph::import::tensor::datum_type;

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "DequantizeLinear" => dequantize,
        "DynamicQuantizeLinear" => |node| {
            let input = node.input(0)?;
            node.wire_all(DynamicQuantizeLinear, &[input])
        },
        "MatMulInteger" => integer_matmul::wire,
        "QuantizeLinear" => quantize,
        _ => return None,
    })
}

/// The scale and the zero point of a node, shaped to broadcast to its first input, which has rank `rank`.
struct Parameters {
    scale: Tensor,
    zero_point: Tensor,
    quantized_type: DatumType,
}

impl Parameters {
    fn of(node: &Wiring<'_>, default: DatumType) -> TractResult<Self> {
        ensure!(
            node.integer("block_size").unwrap_or(0) == 0,
            "the node has one scale for each block; only one for the tensor or for each channel is supported"
        );
        let rank = node.rank(node.input(0)?)?;
        let scale = node.constant(1)?;
        let (zero_point, quantized_type) = match node.optional(2) {
            Some(zero_point) => (node.constant(2)?, node.datum_type(zero_point)?),
            None => (Arc::new(tensor0(0i32)), default),
        };
        let shaped = |values: &Tensor| -> TractResult<Tensor> {
            let mut shape = tvec!(1; rank);
            if values.len() != 1 {
                shape[node.axis_attribute(1)?] = values.len();
            }
            values.cast_to::<f32>()?.into_owned().into_shape(&shape)
        };
        Ok(Self { scale: shaped(&scale)?, zero_point: shaped(&zero_point)?, quantized_type })
    }

    /// Both numbers, if they are the same for the whole tensor.
    fn numbers(&self) -> Option<(f32, f32)> {
        let number = |tensor: &Tensor| (tensor.len() == 1).then(|| tensor.cast_to_scalar::<f32>().ok()).flatten();
        number(&self.scale).zip(number(&self.zero_point))
    }
}

fn dequantize(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let parameters = Parameters::of(node, node.datum_type(input)?)?;
    if let Some((scale, zero_point)) = parameters.numbers() {
        let dequantized = node.wire(DequantizeLinearF32::new(scale, zero_point as i32), &[input])?;
        return Ok(tvec!(computed(node, dequantized)?));
    }
    let (scale, zero_point) = (node.add_constant(parameters.scale)?, node.add_constant(parameters.zero_point)?);
    let mut wire = node.cast(input, f32::datum_type())?;
    for (operation, operand) in [(sub(), zero_point), (mul(), scale)] {
        wire = computed(node, wire)?;
        wire = node.wire(operation, &[wire, operand])?;
    }
    Ok(tvec!(computed(node, wire)?))
}

/// A constant in place of an operator on constants, so that rewrites see a bias or a weight.
fn computed(node: &mut Wiring<'_>, outlet: OutletId) -> TractResult<OutletId> {
    let operator = node.model.node(outlet.node);
    let constant = |input: &OutletId| Some(node.model.outlet_fact(*input).ok()?.konst.clone()?.into_tvalue());
    let inputs = operator.inputs.iter().map(constant).collect::<Option<TVec<TValue>>>();
    let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty()) else { return Ok(outlet) };
    let Some(outputs) = operator.op.eval_out_of_plan(inputs)? else { return Ok(outlet) };
    node.add_constant(outputs[0].clone().into_tensor())
}

fn quantize(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let rank = node.rank(input)?;
    let parameters = Parameters::of(node, output_type(node)?)?;
    let (least, most) = range(parameters.quantized_type)?;
    let float = f32::datum_type();
    let mut wire = node.cast(input, float)?;
    if let Some((scale, zero_point)) = parameters.numbers() {
        let to = parameters.quantized_type;
        return Ok(tvec!(node.wire(QuantizeLinear { scale, zero_point, to }, &[wire])?));
    }
    let (scale, zero_point) = (node.add_constant(parameters.scale)?, node.add_constant(parameters.zero_point)?);
    let (least, most) = (node.add_number(least, float, rank)?, node.add_number(most, float, rank)?);
    wire = node.wire(div(), &[wire, scale])?;
    wire = node.wire(round_half_to_even(), &[wire])?;
    wire = node.wire(add(), &[wire, zero_point])?;
    wire = node.wire(max(), &[wire, least])?;
    wire = node.wire(min(), &[wire, most])?;
    Ok(tvec!(node.cast(wire, parameters.quantized_type)?))
}

/// The type of the integers if no zero point states it.
fn output_type(node: &Wiring<'_>) -> TractResult<DatumType> {
    match node.integer("output_dtype").unwrap_or(0) {
        0 => Ok(DatumType::U8),
        code => datum_type(code),
    }
}

/// The least and the largest number of a type.
fn range(datum_type: DatumType) -> TractResult<(f32, f32)> {
    match datum_type {
        DatumType::U8 => Ok((u8::MIN.into(), u8::MAX.into())),
        DatumType::I8 => Ok((i8::MIN.into(), i8::MAX.into())),
        other => bail!("the node quantises to {other:?}; only U8 and I8 are supported"),
    }
}

/// Quantises a tensor of floats to uint8 or int8, with one scale and one zero point that the file states.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizeLinear {
    pub scale: f32,
    pub zero_point: f32,
    pub to: DatumType,
}

impl Eq for QuantizeLinear {}

impl QuantizeLinear {
    /// True if no integer of the type stands for a negative number.
    pub fn has_no_negative(&self) -> bool {
        range(self.to).is_ok_and(|(least, _)| self.zero_point == least)
    }
}

impl Op for QuantizeLinear {
    fn name(&self) -> StaticName {
        "QuantizeLinear".into()
    }

    op_as_typed_op!();
}

impl EvalOp for QuantizeLinear {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut numbers = args_1!(inputs).into_tensor();
        let (least, most) = range(self.to)?;
        for number in numbers.try_as_plain_ram_mut()?.as_slice_mut::<f32>()? {
            *number = ((*number / self.scale).round_ties_even() + self.zero_point).max(least).min(most);
        }
        Ok(tvec!(numbers.cast_to_dt(self.to)?.into_owned().into_tvalue()))
    }
}

impl TypedOp for QuantizeLinear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(self.to.fact(inputs[0].shape.clone())))
    }

    as_op!();
}

/// Quantises a tensor of floats to uint8, with the scale and the zero point that its extremes need. Outputs: the
/// integers, the scale, the zero point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicQuantizeLinear;

/// Floats as integers, with the value of an integer 1 and the integer that stands for 0.
pub struct Rounded {
    pub integers: Vec<u8>,
    pub scale: f32,
    pub zero_point: u8,
}

impl DynamicQuantizeLinear {
    /// Rounds all floats of a tensor.
    pub fn round(values: &[f32]) -> Rounded {
        // The range includes 0, so an integer stands for it exactly.
        let least = values.iter().copied().fold(0f32, f32::min);
        let most = values.iter().copied().fold(0f32, f32::max);
        // If all numbers are 0, any scale but 0 is right.
        let scale = if most == least { 1.0 } else { (most - least) / 255.0 };
        let zero_point = (-least / scale).round_ties_even().clamp(0.0, 255.0);
        let integers = values.iter().map(|value| ((value / scale).round_ties_even() + zero_point) as u8).collect();
        Rounded { integers, scale, zero_point: zero_point as u8 }
    }
}

impl Op for DynamicQuantizeLinear {
    fn name(&self) -> StaticName {
        "DynamicQuantizeLinear".into()
    }

    op_as_typed_op!();
}

impl EvalOp for DynamicQuantizeLinear {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let Rounded { integers, scale, zero_point } = Self::round(input.try_as_plain_ram()?.as_slice::<f32>()?);
        let output = Tensor::from_shape(input.shape(), &integers)?;
        Ok(tvec!(output.into_tvalue(), tensor0(scale).into_tvalue(), tensor0(zero_point).into_tvalue()))
    }
}

impl TypedOp for DynamicQuantizeLinear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(
            inputs[0].datum_type == f32::datum_type(),
            "the input has type {:?} instead of F32",
            inputs[0].datum_type
        );
        Ok(tvec!(u8::fact(inputs[0].shape.clone()), f32::fact([0; 0]), u8::fact([0; 0])))
    }

    as_op!();
}
