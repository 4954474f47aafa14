//! Shapes as values, and tensors that change their shape but keep their numbers.

use tract_core::broadcast::multi_broadcast;
use tract_core::internal::*;
use tract_core::ops::array::{Range, Tile};
use tract_core::ops::change_axes::{perm_to_ops, to_axis_ops_with_onnx_rules};

use super::arithmetic::has_no_zero;
use super::{Wire, Wiring};
use crate::graph::import::sizes::is_at_least;

/// More numbers than any result may hold, and few enough for an integer.
const MOST_IN_A_RANGE: f64 = 1e15;

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Shape" => shape,
        "Size" => |node| {
            let numbers = node.shape(node.input(0)?)?.iter().product::<TDim>();
            Ok(tvec!(node.add_constant(tensor0(numbers))?))
        },
        "Reshape" => reshape,
        "Flatten" => flatten,
        "Squeeze" => squeeze,
        "Unsqueeze" => unsqueeze,
        "Transpose" => transpose,
        "Expand" => expand,
        "Tile" => tile,
        "Range" => range,
        _ => return None,
    })
}

/// From version 15 on, the node may select a range of axes.
fn shape(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let sizes = node.shape(node.input(0)?)?;
    let rank = sizes.len() as i64;
    let clamp = |axis: i64| if axis < 0 { axis + rank } else { axis }.clamp(0, rank) as usize;
    let start = clamp(node.integer("start").unwrap_or(0));
    let end = clamp(node.integer("end").unwrap_or(rank)).max(start);
    Ok(tvec!(node.add_constant(tensor1(&sizes[start..end]))?))
}

fn through(node: &mut Wiring<'_>, changes: impl IntoIterator<Item = AxisOp>) -> TractResult<TVec<OutletId>> {
    let mut wire = node.input(0)?;
    for change in changes {
        wire = node.wire(change, &[wire])?;
    }
    Ok(tvec!(wire))
}

fn reshape(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let (from, to) = (node.shape(node.input(0)?)?, node.sizes(1)?);
    let changes = to_axis_ops_with_onnx_rules(&from, &to, node.flag("allowzero", false))?;
    through(node, changes)
}

fn flatten(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let from = node.shape(node.input(0)?)?;
    // `axis` may equal the rank here: all axes lie before it, none behind.
    let axis = node.integer("axis").unwrap_or(1);
    let axis = if axis == from.len() as i64 { from.len() } else { node.axis(axis, from.len())? };
    let to: [TDim; 2] = [from[..axis].iter().product(), from[axis..].iter().product()];
    let changes = to_axis_ops_with_onnx_rules(&from, &to, true)?;
    through(node, changes)
}

/// The axes are an input from version 13 on. Without axes, all of length 1 are removed.
fn squeeze(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let sizes = node.shape(node.input(0)?)?;
    let axes = match node.attribute_or_input("axes", 13, 1)? {
        Some(axes) => node.axes(&axes, sizes.len())?,
        None => (0..sizes.len()).filter(|&axis| sizes[axis].is_one()).collect(),
    };
    for &axis in &axes {
        ensure!(
            sizes[axis].is_one(),
            "axis {axis} has length {}; only an axis of length 1 can be removed",
            sizes[axis]
        );
    }
    through(node, axes.into_iter().rev().map(AxisOp::Rm))
}

/// The axes, which refer to the result, are an input from version 13 on.
fn unsqueeze(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let axes = node.attribute_or_input("axes", 13, 1)?.context("the axes to insert are missing")?;
    let rank = node.rank(node.input(0)?)? + axes.len();
    let axes = node.axes(&axes, rank)?;
    through(node, axes.into_iter().map(AxisOp::Add))
}

fn transpose(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let rank = node.rank(node.input(0)?)?;
    let order: TVec<usize> = match node.integers("perm") {
        Some(order) => order.iter().map(|&axis| node.axis(axis, rank)).collect::<TractResult<_>>()?,
        None => (0..rank).rev().collect(),
    };
    ensure!(
        order.len() == rank && (0..rank).all(|axis| order.contains(&axis)),
        "the order {order:?} does not name each of {rank} axes once"
    );
    through(node, perm_to_ops(&order))
}

fn expand(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let shape = multi_broadcast(&[node.shape(input)?, node.lengths(1)?])?;
    Ok(tvec!(node.broadcast_to(input, shape)?))
}

fn tile(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let (input, repeats) = (node.input(0)?, node.lengths(1)?);
    ensure!(
        repeats.len() == node.rank(input)?,
        "the node has {} repeats for {} axes",
        repeats.len(),
        node.rank(input)?
    );
    Ok(tvec!(node.wire(Tile::new(repeats), &[input])?))
}

/// Refuses a range of constants without an end: tract panics for one.
fn check_range(node: &Wiring<'_>, inputs: [OutletId; 3]) -> TractResult<()> {
    let number = |input| node.fact(input).ok()?.konst.as_ref()?.cast_to_scalar::<f64>().ok();
    let [Some(start), Some(limit), Some(step)] = inputs.map(number) else { return Ok(()) };
    let numbers = ((limit - start) / step).ceil();
    ensure!(numbers < MOST_IN_A_RANGE, "the range has no end, or is too long");
    Ok(())
}

fn range(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let inputs = node.inputs::<3>()?;
    for input in inputs {
        ensure!(node.rank(input)? == 0, "the start, the limit or the step is a tensor; each must be one number");
    }
    if !node.datum_type(inputs[2])?.is_float() {
        let step = node.fact(inputs[2])?.konst.clone();
        let step = step.context("the step is unknown before the model runs; it must be a constant")?;
        ensure!(has_no_zero(&step)?, "the step of the range is 0");
    }
    check_range(node, inputs)?;
    let inputs = node.cast_to_common_type(&inputs)?;
    // For constants the length is known and this symbol stays unused.
    let length = node.model.symbols.new_with_prefix("range");
    is_at_least(&node.model.symbols, &length, 0)?;
    Ok(tvec!(node.wire(Range::new(length.into()), &inputs)?))
}
