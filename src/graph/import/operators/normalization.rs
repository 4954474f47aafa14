//! Softmax, layer normalisation and its form without the mean.

use tract_core::internal::*;
use tract_core::ops::math::{Add, Mul, sub};
use tract_core::ops::nn::{RmsNorm, Softmax};

use super::arithmetic::binary;
use super::reduction::{check_not_empty, mean};
use super::{Wire, Wiring};

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Softmax" => softmax,
        "LayerNormalization" => layer_normalization,
        "RMSNormalization" => rms_normalization,
        _ => return None,
    })
}

/// Before version 13, softmax covers all axes from `axis` on.
fn softmax(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let axes = if node.version < 13 {
        (node.axis_attribute(1)?..node.rank(input)?).collect()
    } else {
        tvec!(node.axis_attribute(-1)?)
    };
    Ok(tvec!(node.wire(Softmax { axes, ..Softmax::default() }, &[input])?))
}

/// Covers the last axis only, as in every encoder. It is wired as the formula that other exporters write out.
fn layer_normalization(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [input, gamma] = node.inputs()?;
    let axis = last_axis(node)?;
    ensure!(
        !node.has_output(1) && !node.has_output(2),
        "the graph reads the mean or the deviation, which the engine does not return"
    );
    let mean = mean(node, input, tvec!(axis))?;
    let centered = node.wire(sub(), &[input, mean])?;
    let normalized = normalized(node, centered, axis)?;
    let mut wire = binary(node, Box::new(Mul), normalized, gamma)?;
    if let Some(beta) = node.optional(2) {
        wire = binary(node, Box::new(Add), wire, beta)?;
    }
    Ok(tvec!(wire))
}

fn rms_normalization(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [input, gamma] = node.inputs()?;
    let axis = last_axis(node)?;
    let normalized = normalized(node, input, axis)?;
    Ok(tvec!(binary(node, Box::new(Mul), normalized, gamma)?))
}

/// The axis that the node normalises, which must be the last.
fn last_axis(node: &Wiring<'_>) -> TractResult<usize> {
    let (axis, rank) = (node.axis_attribute(-1)?, node.rank(node.input(0)?)?);
    ensure!(axis + 1 == rank, "the axis is {axis}; only the last axis of {rank} can be normalised");
    check_not_empty(node, node.input(0)?, &[axis])?;
    Ok(axis)
}

/// The numbers divided by the root of their mean square.
fn normalized(node: &mut Wiring<'_>, input: OutletId, axis: usize) -> TractResult<OutletId> {
    let epsilon = tensor0(node.float("epsilon").unwrap_or(1e-5)).cast_to_dt(node.datum_type(input)?)?.into_owned();
    node.wire(RmsNorm { axis, eps: epsilon.into_arc_tensor() }, &[input])
}
