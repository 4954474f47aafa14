//! Softmax and layer normalisation.

use tract_core::internal::*;
use tract_core::ops::math::{Add, Mul, sub};
use tract_core::ops::nn::{RmsNorm, Softmax};

use super::arithmetic::binary;
use super::reduction::mean;
use super::{Wire, Wiring};

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Softmax" => softmax,
        "LayerNormalization" => layer_normalization,
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
    let axis = node.axis_attribute(-1)?;
    ensure!(
        axis + 1 == node.rank(input)?,
        "the axis is {axis}; only the last axis of {} can be normalised",
        node.rank(input)?
    );
    ensure!(
        !node.has_output(1) && !node.has_output(2),
        "the graph reads the mean or the deviation, which the engine does not return"
    );
    let datum_type = node.datum_type(input)?;
    let epsilon = tensor0(node.float("epsilon").unwrap_or(1e-5)).cast_to_dt(datum_type)?.into_owned();
    let mean = mean(node, input, tvec!(axis))?;
    let centered = node.wire(sub(), &[input, mean])?;
    let normalized = node.wire(RmsNorm { axis, eps: epsilon.into_arc_tensor() }, &[centered])?;
    let mut wire = binary(node, Box::new(Mul), normalized, gamma)?;
    if let Some(beta) = node.optional(2) {
        wire = binary(node, Box::new(Add), wire, beta)?;
    }
    Ok(tvec!(wire))
}
