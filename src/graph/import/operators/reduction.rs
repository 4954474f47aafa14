//! Sums and extremes along axes.

use tract_core::internal::*;
use tract_core::ops::array::CumSum;
use tract_core::ops::math::div;
use tract_core::ops::nn::{Reduce, Reducer};

use super::{Wire, Wiring};

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        // ReduceSum has had its axes as an input for longer than the other reductions.
        "ReduceSum" => {
            |node| reduce(node, 13, |node, input, axes| node.wire(Reduce::new(axes, Reducer::Sum), &[input]))
        }
        "ReduceMean" => |node| reduce(node, 18, mean),
        "ReduceMax" => {
            |node| reduce(node, 18, |node, input, axes| node.wire(Reduce::new(axes, Reducer::Max), &[input]))
        }
        "ReduceMin" => {
            |node| reduce(node, 18, |node, input, axes| node.wire(Reduce::new(axes, Reducer::Min), &[input]))
        }
        "ReduceProd" => reduce_product,
        "CumSum" => cumulative_sum,
        _ => return None,
    })
}

/// Wires a reduction that keeps the axes with length 1.
type Reduction = fn(&mut Wiring<'_>, OutletId, TVec<usize>) -> TractResult<OutletId>;

fn reduce(node: &mut Wiring<'_>, axes_are_input_since: i64, reduction: Reduction) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let rank = node.rank(input)?;
    let axes = match node.attribute_or_input("axes", axes_are_input_since, 1)? {
        Some(axes) if !axes.is_empty() => node.axes(&axes, rank)?,
        _ if node.flag("noop_with_empty_axes", false) => return Ok(tvec!(input)),
        _ => (0..rank).collect(),
    };
    check_not_empty(node, input, &axes)?;
    let datum_type = node.datum_type(input)?;
    // Sizes of axes that are not known yet cannot be reduced. As numbers they can, when the model runs.
    let operating = if datum_type == TDim::datum_type() { i64::datum_type() } else { datum_type };
    let mut wire = node.cast(input, operating)?;
    wire = reduction(node, wire, axes.clone())?;
    wire = node.cast(wire, datum_type)?;
    if !node.flag("keepdims", true) {
        for &axis in axes.iter().rev() {
            wire = node.wire(AxisOp::Rm(axis), &[wire])?;
        }
    }
    Ok(tvec!(wire))
}

/// Refuses to reduce no numbers: tract divides by their number.
pub fn check_not_empty(node: &Wiring<'_>, input: OutletId, axes: &[usize]) -> TractResult<()> {
    let shape = node.shape(input)?;
    match axes.iter().find(|&&axis| shape[axis] == 0.to_dim()) {
        Some(axis) => bail!("axis {axis} has length 0; the node needs at least one number"),
        None => Ok(()),
    }
}

/// The product of sizes of axes, which may not be known yet, stays one: a shape may depend on it.
fn reduce_product(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let (shape, sizes) = (node.shape(input)?, node.fact(input)?.konst.clone());
    let reduces = !node.flag("noop_with_empty_axes", false);
    let sizes = sizes.filter(|sizes| reduces && sizes.datum_type() == TDim::datum_type() && shape.len() == 1);
    let (Some(sizes), None) = (sizes, node.attribute_or_input("axes", 18, 1)?) else {
        return reduce(node, 18, |node, input, axes| node.wire(Reduce::new(axes, Reducer::Prod), &[input]));
    };
    let product = tensor0(sizes.try_as_plain_ram()?.as_slice::<TDim>()?.iter().product::<TDim>());
    Ok(tvec!(node.add_constant(if node.flag("keepdims", true) { product.into_shape(&[1])? } else { product })?))
}

pub fn mean(node: &mut Wiring<'_>, input: OutletId, axes: TVec<usize>) -> TractResult<OutletId> {
    let shape = node.shape(input)?;
    let datum_type = node.datum_type(input)?;
    let count: TDim = axes.iter().map(|&axis| &shape[axis]).product();
    let sum = node.wire(Reduce::new(axes, Reducer::Sum), &[input])?;
    let count = node.add_constant(tensor0(count).broadcast_into_rank(shape.len())?)?;
    let count = node.cast(count, datum_type)?;
    node.wire(div(), &[sum, count])
}

fn cumulative_sum(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let mut input = node.input(0)?;
    if node.datum_type(input)? == TDim::datum_type() {
        // tract sums no sizes of axes.
        input = node.cast(input, i64::datum_type())?;
    }
    let axis = node.known_integers(1)?;
    ensure!(axis.len() == 1, "the axis is given by {} numbers instead of one", axis.len());
    let axis = node.axis(axis[0], node.rank(input)?)?;
    let (exclusive, reverse) = (node.flag("exclusive", false), node.flag("reverse", false));
    Ok(tvec!(node.wire(CumSum { axis, exclusive, reverse }, &[input])?))
}
