//! Element-wise operations on two or more tensors, which broadcast.

use tract_core::broadcast::multi_broadcast;
use tract_core::internal::*;
use tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_core::ops::logic::{And, CompEq, CompGT, CompGTE, CompLT, CompLTE, Iff, Or};
use tract_core::ops::math::{Add, Div, Max, Min, Mul, Pow, Sub};

use super::{Wire, Wiring};
use crate::graph::import::coordinates::is_not_negative;
use crate::graph::import::sizes;

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Add" => |node| two(node, Box::new(Add)),
        "Sub" => |node| two(node, Box::new(Sub)),
        "Mul" => |node| two(node, Box::new(Mul)),
        "Div" => divide,
        "Pow" => power,
        "Min" => |node| several(node, Box::new(Min)),
        "Max" => |node| several(node, Box::new(Max)),
        "And" => and,
        "Or" => |node| two(node, Box::new(Or)),
        "Equal" => equal,
        "Greater" => |node| two(node, Box::new(CompGT)),
        "GreaterOrEqual" => |node| two(node, Box::new(CompGTE)),
        "Less" => |node| two(node, Box::new(CompLT)),
        "LessOrEqual" => |node| two(node, Box::new(CompLTE)),
        "Where" => choose,
        "Clip" => clip,
        "Relu" => |node| bound(node, Some(0.0), None),
        _ => return None,
    })
}

/// Wires the operation on inputs of any rank and type.
#[inline(never)]
pub fn binary(
    node: &mut Wiring<'_>,
    operation: Box<dyn BinMiniOp>,
    left: OutletId,
    right: OutletId,
) -> TractResult<OutletId> {
    let types = (node.datum_type(left)?, node.datum_type(right)?);
    let operating = operation.operating_datum_type(types.0, types.1);
    let mut operating =
        operating.map_err(|_| format_err!("the operands have types {types:?}, which have no common type"))?;
    if operating == bool::datum_type() && operation.is::<CompEq>() {
        // tract compares only numbers.
        operating = u8::datum_type();
    }
    let mut wires = node.with_common_rank(&[left, right])?;
    for wire in &mut wires {
        *wire = node.cast(*wire, operating)?;
    }
    node.wire(TypedBinOp(operation, None), &wires)
}

/// Where one operand is true everywhere, the result is the other. tract would omit the broadcast between them.
fn and(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [left, right] = node.inputs()?;
    for (one, other) in [(left, right), (right, left)] {
        if is_true(node, one)? {
            let shape = multi_broadcast(&[node.shape(one)?, node.shape(other)?])?;
            return Ok(tvec!(node.broadcast_to(other, shape)?));
        }
    }
    Ok(tvec!(binary(node, Box::new(And), left, right)?))
}

/// True if the tensor is known to be true everywhere.
fn is_true(node: &Wiring<'_>, outlet: OutletId) -> TractResult<bool> {
    match &node.fact(outlet)?.konst {
        Some(value) if value.datum_type() == TDim::datum_type() => Ok(false),
        Some(value) => Ok(value.cast_to::<bool>()?.try_as_plain_ram()?.as_slice::<bool>()?.iter().all(|&it| it)),
        None => Ok(is_not_negative(node.model, outlet)),
    }
}

fn two(node: &mut Wiring<'_>, operation: Box<dyn BinMiniOp>) -> TractResult<TVec<OutletId>> {
    let [left, right] = node.inputs()?;
    Ok(tvec!(binary(node, operation, left, right)?))
}

/// tract takes sizes that are not known yet for different ones. Where they are equal in some texts only, the model compares
/// them as numbers when it runs.
fn equal(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [mut left, mut right] = node.inputs()?;
    let constants = [left, right].map(|input| node.fact(input).ok()?.konst.clone());
    if let [Some(one), Some(other)] = constants
        && [&one, &other].iter().any(|it| it.datum_type() == TDim::datum_type())
    {
        if let Some(equal) = sizes::equal(&one, &other)? {
            return Ok(tvec!(node.add_constant(equal)?));
        }
        left = node.cast(left, i64::datum_type())?;
        right = node.cast(right, i64::datum_type())?;
    }
    Ok(tvec!(binary(node, Box::new(CompEq), left, right)?))
}

/// tract computes quotients of integers unchecked, and panics for a divisor of 0.
fn divide(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [left, right] = node.inputs()?;
    if [left, right].into_iter().all(|input| node.datum_type(input).is_ok_and(|it| !it.is_float())) {
        let divisor = node.fact(right)?.konst.clone();
        let divisor =
            divisor.context("the divisor of integers is unknown before the model runs; it must be a constant")?;
        ensure!(has_no_zero(&divisor)?, "the divisor of integers is 0");
    }
    Ok(tvec!(binary(node, Box::new(Div), left, right)?))
}

/// `numbers` are integers or sizes of axes.
pub fn has_no_zero(numbers: &Tensor) -> TractResult<bool> {
    let numbers = numbers.cast_to::<TDim>()?;
    Ok(!numbers.try_as_plain_ram()?.as_slice::<TDim>()?.contains(&0.to_dim()))
}

fn several(node: &mut Wiring<'_>, operation: Box<dyn BinMiniOp>) -> TractResult<TVec<OutletId>> {
    let inputs = node.all_inputs()?;
    let mut wire = inputs[0];
    for &input in &inputs[1..] {
        wire = binary(node, operation.clone(), wire, input)?;
    }
    Ok(tvec!(wire))
}

/// The result has the base's type; the exponent's does not matter.
fn power(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [base, exponent] = node.inputs()?;
    let (base_type, exponent_type) = (node.datum_type(base)?, node.datum_type(exponent)?);
    let operating = if base_type.is_integer() == exponent_type.is_integer() {
        base_type.common_super_type(exponent_type).context("the base and the exponent have no common type")?
    } else {
        f64::datum_type()
    };
    // A constant exponent is a square or a root, for example, so it needs no wider type.
    let operating = if base_type.is_float() && node.fact(exponent)?.konst.is_some() { base_type } else { operating };
    let (base, exponent) = (node.cast(base, operating)?, node.cast(exponent, operating)?);
    let wires = node.with_common_rank(&[base, exponent])?;
    let result = node.wire(TypedBinOp(Box::new(Pow), None), &wires)?;
    Ok(tvec!(node.cast(result, base_type)?))
}

fn choose(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [condition, yes, no] = node.inputs()?;
    let kind = node.datum_type(condition)?;
    ensure!(kind == bool::datum_type(), "the condition has type {kind:?} instead of Bool");
    let values = node.cast_to_common_type(&[yes, no])?;
    let wires = node.with_common_rank(&[condition, values[0], values[1]])?;
    Ok(tvec!(node.wire(Iff, &wires)?))
}

/// The bounds are inputs from version 11 on.
fn clip(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    if node.version < 11 {
        return bound(node, node.float("min"), node.float("max"));
    }
    let mut wire = node.input(0)?;
    let datum_type = node.datum_type(wire)?;
    let bounds: [(usize, Box<dyn BinMiniOp>); 2] = [(1, Box::new(Max)), (2, Box::new(Min))];
    for (index, operation) in bounds {
        if let Some(bound) = node.optional(index) {
            let bound = node.cast(bound, datum_type)?;
            wire = binary(node, operation, wire, bound)?;
        }
    }
    Ok(tvec!(wire))
}

fn bound(node: &mut Wiring<'_>, least: Option<f32>, most: Option<f32>) -> TractResult<TVec<OutletId>> {
    let mut wire = node.input(0)?;
    let (datum_type, rank) = (node.datum_type(wire)?, node.rank(wire)?);
    let bounds: [(Option<f32>, Box<dyn BinMiniOp>); 2] = [(least, Box::new(Max)), (most, Box::new(Min))];
    for (bound, operation) in bounds {
        if let Some(bound) = bound {
            let bound = node.add_number(bound, datum_type, rank)?;
            wire = binary(node, operation, wire, bound)?;
        }
    }
    Ok(tvec!(wire))
}
