//! One linear layer that holds several matrices side by side, such as those of queries, keys and values.
//!
//! In the graph, slices of the layer's output follow, at times behind a reshape that splits its last axis. Each slice
//! becomes an output of the layer.

use tract_core::internal::*;
use tract_core::ops::array::Slice;
use tract_core::ops::change_axes::AxisOp;

use super::operator::{Activation, LinearLayers, Part};
use crate::graph::fuse::pattern::*;
use crate::graph::fuse::weights::Weights;

/// Moves the slice of an axis above the reshape that split the axis off a layer's output.
pub fn slice_above_split(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    slice: &Slice,
) -> TractResult<Option<TypedModelPatch>> {
    let split = producer(model, node.inputs[0]);
    let Some(AxisOp::Reshape(at, from, to)) = split.op_as::<AxisOp>() else { return Ok(None) };
    let at = *at;
    rule_if!(slice.axis == at && from.len() == 1 && to.len() > 1);
    let layer = split.inputs[0];
    rule_if!(producer(model, layer).op_is::<LinearLayers>() && model.outlet_fact(layer)?.rank() == at + 1);
    rule_if_some!((start, end) = bounds(slice));
    rule_if_some!(inner = to[1..].iter().product::<TDim>().to_usize().ok());
    let mut patch = TypedModelPatch::default();
    let tap = patch.tap_model(model, layer)?;
    let columns = Slice { axis: at, start: (start * inner).to_dim(), end: (end * inner).to_dim() };
    let columns = patch.wire_node(format!("{name}.columns"), columns, &[tap])?;
    let output = if end - start == 1 {
        // An axis of length 1 stays apart, so that the next operators find the others in their order.
        let rest = if to.len() > 2 {
            let reshape = AxisOp::Reshape(at, tvec![inner.to_dim()], to[1..].into());
            patch.wire_node(format!("{name}.split"), reshape, &columns)?
        } else {
            columns
        };
        patch.wire_node(name, AxisOp::Add(at), &rest)?
    } else {
        let sizes = [(end - start).to_dim()].into_iter().chain(to[1..].iter().cloned()).collect();
        patch.wire_node(name, AxisOp::Reshape(at, tvec![((end - start) * inner).to_dim()], sizes), &columns)?
    };
    patch.shunt_outside(model, node.id.into(), output[0])?;
    Ok(Some(patch))
}

/// Gives a layer an output for each slice of its only output.
pub fn split(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    linear: &LinearLayers,
) -> TractResult<Option<TypedModelPatch>> {
    let output = OutletId::from(node.id);
    let readers = model.outlet_successors(output);
    rule_if!(!readers.is_empty() && !model.outputs.contains(&output));
    let &[Part { layer, ref columns }] = linear.parts() else { return Ok(None) };
    rule_if!(linear.activation() == Activation::None);
    let last = model.outlet_fact(output)?.rank() - 1;
    let part = |reader: &InletId| {
        let slice = model.node(reader.node).op_as::<Slice>().filter(|slice| slice.axis == last)?;
        let (start, end) = bounds(slice)?;
        Some(Part { layer, columns: columns.start + start..columns.start + end })
    };
    rule_if_some!(parts = readers.iter().map(part).collect::<Option<TVec<Part>>>());
    let mut patch = TypedModelPatch::default();
    let input = patch.tap_model(model, node.inputs[0])?;
    let outputs = patch.wire_node(name, linear.with_parts(parts), &[input])?;
    for (reader, output) in readers.iter().zip(outputs) {
        patch.shunt_outside(model, reader.node.into(), output)?;
    }
    Ok(Some(patch))
}

/// The bounds of a slice that is not empty.
fn bounds(slice: &Slice) -> Option<(usize, usize)> {
    let (start, end) = (slice.start.to_usize().ok()?, slice.end.to_usize().ok()?);
    (start < end).then_some((start, end))
}
