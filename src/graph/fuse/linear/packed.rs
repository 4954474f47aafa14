//! One linear layer that holds several matrices side by side, such as those of queries, keys and values.
//!
//! In the graph, slices of the layer's output follow, at times behind a reshape that splits its last axis. Each slice
//! becomes an output of the layer.

use tract_core::internal::*;
use tract_core::ops::array::Slice;
use tract_core::ops::change_axes::AxisOp;

use super::operator::{Activation, LinearLayers, OutputColumns};
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
    let &[OutputColumns { layer, ref columns }] = linear.parts() else { return Ok(None) };
    rule_if!(linear.activation() == Activation::None);
    let last = model.outlet_fact(output)?.rank() - 1;
    let part = |reader: &InletId| {
        let slice = model.node(reader.node).op_as::<Slice>().filter(|slice| slice.axis == last)?;
        let (start, end) = bounds(slice)?;
        Some(OutputColumns { layer, columns: columns.start + start..columns.start + end })
    };
    rule_if_some!(parts = readers.iter().map(part).collect::<Option<TVec<OutputColumns>>>());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::linear::Function;
    use crate::graph::fuse::testing::{apply, layer, nodes_of, with_layer};

    const SIZE: usize = 4;

    /// The outputs of a layer of three matrices, and the slices that remain, after [`split`].
    fn after(layer: LinearLayers, axis: usize, change: fn(&mut TypedModel, OutletId)) -> (usize, usize) {
        let (mut graph, outputs) = with_layer(5, layer);
        let ends: TVec<OutletId> = (0..3)
            .map(|index| {
                let (start, end) = (index * SIZE, (index + 1) * SIZE);
                let slice = Slice { axis, start: start.to_dim(), end: end.to_dim() };
                graph.wire_node(format!("slice.{index}"), slice, &outputs).unwrap()[0]
            })
            .collect();
        graph.select_output_outlets(&ends).unwrap();
        change(&mut graph, outputs[0]);
        apply(&mut graph, split);
        let layers = nodes_of::<LinearLayers>(&graph);
        (graph.node(layers[0]).outputs.len(), nodes_of::<Slice>(&graph).len())
    }

    #[test]
    fn takes_slices_that_alone_read_the_whole_layer() {
        let whole = || layer(5, 3 * SIZE);
        assert_eq!(after(whole(), 2, |_, _| {}), (3, 0));
        assert_eq!(after(whole(), 1, |_, _| {}), (1, 3));
        assert_eq!(after(whole(), 2, |graph, output| graph.outputs.push(output)), (1, 3));
        let read_elsewhere = |graph: &mut TypedModel, output: OutletId| {
            let negative = graph.wire_node("negative", tract_core::ops::math::neg(), &[output]).unwrap();
            graph.outputs.push(negative[0]);
        };
        assert_eq!(after(whole(), 2, read_elsewhere), (1, 3));
        assert_eq!(after(whole().with_activation(Activation::Function(Function::Gelu)), 2, |_, _| {}), (1, 3));
    }

    /// Slices one matrix of three after the layer's output was split in `parts`, and returns whether the slice moved up.
    fn moved(axis: usize, at: usize, parts: &[usize]) -> bool {
        let (mut graph, outputs) = with_layer(5, layer(5, 3 * SIZE));
        let sizes = |sizes: &[usize]| sizes.iter().map(|size| size.to_dim()).collect::<TVec<_>>();
        let reshape = AxisOp::Reshape(at, sizes(&[3 * SIZE]), sizes(parts));
        let split = graph.wire_node("split", reshape, &outputs).unwrap();
        let slice = Slice { axis, start: 1.to_dim(), end: 2.to_dim() };
        let end = graph.wire_node("slice", slice, &split).unwrap();
        graph.select_output_outlets(&end).unwrap();
        let shape = graph.outlet_fact(end[0]).unwrap().shape.clone();
        apply(&mut graph, slice_above_split);
        assert_eq!(graph.outlet_fact(graph.outputs[0]).unwrap().shape, shape);
        let slice = &graph.node(nodes_of::<Slice>(&graph)[0]);
        producer(&graph, slice.inputs[0]).op_is::<LinearLayers>()
    }

    #[test]
    fn a_slice_moves_above_the_split_of_its_axis() {
        assert!(moved(2, 2, &[3, SIZE]));
        assert!(moved(2, 2, &[3, 2, SIZE / 2]));
        // It would take every third number of a row.
        assert!(!moved(3, 2, &[SIZE, 3]));
    }
}
