//! Parts of tensors, and tensors put together from parts.

use tract_core::internal::*;
use tract_core::ops::array::{Slice, TypedConcat};
use tract_core::ops::quant::DequantizeLinearF32;
use tract_core::ops::source::TypedSource;

use super::{Wire, Wiring};
use crate::graph::import::coordinates::{axis_of, count_up};
use crate::graph::import::gather::{Gather, GatherElements, GatherNd};

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Concat" => concat,
        "Gather" => gather,
        "GatherElements" => gather_elements,
        "GatherND" => gather_nd,
        "Slice" => slice,
        "Split" => split,
        _ => return None,
    })
}

fn concat(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let inputs = node.all_inputs()?;
    let axis = node.axis(node.integer("axis").context("the attribute `axis` is missing")?, node.rank(inputs[0])?)?;
    let inputs = node.cast_to_common_type(&inputs)?;
    let mut first = node.shape(inputs[0])?;
    for &input in &inputs[1..] {
        let shape = node.shape(input)?;
        ensure!(shape.len() == first.len(), "the inputs have different numbers of axes");
        first[axis] = shape[axis].clone();
        ensure!(shape == first, "inputs differ in another axis than {axis}");
    }
    Ok(tvec!(node.wire(TypedConcat::new(axis), &inputs)?))
}

fn gather(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [input, indices] = node.inputs()?;
    let axis = node.axis_attribute(0)?;
    let (size, shape) = (node.shape(input)?[axis].clone(), node.shape(indices)?);
    if !shape.is_empty() && count_up(node.model, indices)? && shape.iter().product::<TDim>() == size {
        return Ok(tvec!(node.wire(AxisOp::Reshape(axis, tvec![size], shape), &[input])?));
    }
    let indices = node.cast(indices, i64::datum_type())?;
    if let Some((dequantize, table)) = dequantized_weight(node, input) {
        // Only the rows that are read become floats.
        let rows = node.wire(Gather { axis }, &[table, indices])?;
        return Ok(tvec!(node.wire(dequantize, &[rows])?));
    }
    Ok(tvec!(node.wire(Gather { axis }, &[input, indices])?))
}

/// The operator that makes floats of a weight, and the weight.
fn dequantized_weight(node: &Wiring<'_>, floats: OutletId) -> Option<(DequantizeLinearF32, OutletId)> {
    let producer = node.model.node(floats.node);
    let dequantize = producer.op_as::<DequantizeLinearF32>()?;
    let weight = producer.inputs[0];
    node.model.node(weight.node).op_is::<TypedSource>().then(|| (dequantize.clone(), weight))
}

/// Exporters read the mask at (sequence, key) for all of both. Then the result is the mask itself.
fn gather_nd(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [input, indices] = node.inputs()?;
    ensure!(node.integer("batch_dims").unwrap_or(0) == 0, "the attribute `batch_dims` is not 0");
    let (data, mut shape) = (node.shape(input)?, node.shape(indices)?);
    let depth = shape.pop().context("the indices are one number; they need an axis")?;
    if names_all_places(node, indices, &data)? {
        return Ok(tvec!(node.wire(AxisOp::Reshape(0, data, shape), &[input])?));
    }
    let depth = depth.to_usize().context("the number of indices of a place is unknown before the model runs")?;
    ensure!((1..=data.len()).contains(&depth), "a place has {depth} indices; the data has {} axes", data.len());
    let indices = node.cast(indices, i64::datum_type())?;
    Ok(tvec!(node.wire(GatherNd { depth }, &[input, indices])?))
}

/// True if the places that `indices` name are all places of data of this shape, in their order.
fn names_all_places(node: &Wiring<'_>, indices: OutletId, data: &[TDim]) -> TractResult<bool> {
    let concat = node.model.node(indices.node);
    let last = node.rank(indices)? - 1;
    if concat.op_as::<TypedConcat>().is_none_or(|it| it.axis != last) || concat.inputs.len() != data.len() {
        return Ok(false);
    }
    let shape = node.shape(indices)?;
    let mut next = 0;
    for (&input, size) in concat.inputs.iter().zip(data) {
        let counted = axis_of(node.model, input, next).filter(|&axis| axis < last);
        let single = node.fact(input)?.shape[last].is_one();
        let Some(axis) = counted.filter(|&axis| single && shape[axis] == *size) else {
            return Ok(false);
        };
        if !shape[next..axis].iter().all(TDim::is_one) {
            return Ok(false);
        }
        next = axis + 1;
    }
    Ok(shape[next..last].iter().all(TDim::is_one))
}

fn gather_elements(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let [input, indices] = node.inputs()?;
    let axis = node.axis_attribute(0)?;
    let indices = node.cast(indices, i64::datum_type())?;
    Ok(tvec!(node.wire(GatherElements { axis }, &[input, indices])?))
}

/// The bounds are inputs from version 10 on.
fn slice(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let sizes_of = |name: &str| -> Option<TVec<TDim>> {
        node.integers(name).map(|numbers| numbers.iter().map(|number| number.to_dim()).collect())
    };
    let (starts, ends) = if node.version < 10 {
        (
            sizes_of("starts").context("the attribute `starts` is missing")?,
            sizes_of("ends").context("the attribute `ends` is missing")?,
        )
    } else {
        (node.sizes(1)?, node.sizes(2)?)
    };
    let mut wire = node.input(0)?;
    let sizes = node.shape(wire)?;
    let axes = match node.attribute_or_input("axes", 10, 3)? {
        Some(axes) => axes.iter().map(|&axis| node.axis(axis, sizes.len())).collect::<TractResult<TVec<_>>>()?,
        None => (0..starts.len()).collect(),
    };
    let steps = node.attribute_or_input("", 10, 4)?.unwrap_or_else(|| tvec!(1; axes.len()));
    let counts = [starts.len(), ends.len(), steps.len()];
    ensure!(
        counts == [axes.len(); 3] && axes.len() <= sizes.len(),
        "the slice has {counts:?} starts, ends and steps for {} axes; the tensor has {}",
        axes.len(),
        sizes.len()
    );
    for (index, &axis) in axes.iter().enumerate() {
        wire = if steps[index] == 1 {
            let [start, end] = [&starts[index], &ends[index]].map(|bound| bound_of(bound, &sizes[axis]));
            // If the bounds cross, the slice is empty.
            let end = if (end.clone() - &start).prove_strict_negative() { start.clone() } else { end };
            node.wire(Slice::new(axis, start, end), &[wire])?
        } else {
            let indices = strided(&starts[index], &ends[index], steps[index], &sizes[axis])?;
            let indices = node.add_constant(tensor1(&indices))?;
            node.wire(Gather { axis }, &[wire, indices])?
        };
    }
    Ok(tvec!(wire))
}

/// The start or the end of a slice on an axis of this size. A negative number counts from the end, and a number behind
/// the end means the end. A size that is not known yet is assumed to be large enough.
fn bound_of(bound: &TDim, size: &TDim) -> TDim {
    match (bound.as_i64(), size.as_i64()) {
        (Some(bound), Some(size)) => if bound < 0 { bound.saturating_add(size) } else { bound }.clamp(0, size).to_dim(),
        // For "to the end" exporters write the largest number of 32 or of 64 bits; for "from the start", the smallest.
        (Some(bound), None) if bound >= i64::from(i32::MAX) => size.clone(),
        (Some(bound), None) if bound <= i64::from(i32::MIN) => 0.to_dim(),
        (Some(bound), None) if bound < 0 => size.clone() + bound,
        (None, _) if bound.prove_strict_negative() => size.clone() + bound,
        _ => bound.clone(),
    }
}

/// Every `step`th index from `start` on.
fn strided(start: &TDim, end: &TDim, step: i64, size: &TDim) -> TractResult<Vec<i64>> {
    let numbers = [start, end, size].map(TDim::to_i64);
    let [Ok(start), Ok(end), Ok(size)] = numbers else {
        bail!("the step is {step} on an axis of unknown length; only 1 is supported there")
    };
    ensure!(step != 0, "the step of the slice is 0");
    let count = |bound: i64| if bound < 0 { bound.saturating_add(size) } else { bound };
    if step > 0 {
        Ok((count(start).clamp(0, size)..count(end).clamp(0, size)).step_by(step as usize).collect())
    } else {
        let (start, end) = (count(start).clamp(-1, size - 1), count(end).clamp(-1, size - 1));
        Ok((end + 1..=start).rev().step_by(step.unsigned_abs() as usize).collect())
    }
}

/// The sizes are an input from version 13 on. Without them the parts are equal, except that the last may be smaller.
fn split(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    let axis = node.axis_attribute(0)?;
    let parts = node.output_count();
    ensure!(parts > 0, "the node has no output; it needs one for each part");
    let size = node.shape(input)?[axis].clone();
    let sizes: TVec<TDim> = match node.attribute_or_input("split", 13, 1)? {
        Some(sizes) => sizes.iter().map(|size| size.to_dim()).collect(),
        None => {
            let part = size.clone().divceil(parts);
            let last = size - part.clone() * (parts - 1);
            std::iter::repeat_n(part, parts - 1).chain([last]).collect()
        }
    };
    ensure!(sizes.len() == parts, "the node has {parts} outputs, but {} sizes of parts", sizes.len());
    ensure!(!sizes.iter().any(|size| size.as_i64().is_some_and(|size| size < 0)), "a part has a size below 0");
    let missing = sizes.iter().fold(node.shape(input)?[axis].clone(), |rest, size| rest - size);
    ensure!(missing.as_i64().is_none_or(|numbers| numbers == 0), "the parts do not add up to axis {axis}");
    let mut start = 0.to_dim();
    let mut outputs = tvec!();
    for size in sizes {
        let end = start.clone() + size;
        outputs.push(node.wire(Slice::new(axis, start, end.clone()), &[input])?);
        start = end;
    }
    Ok(outputs)
}
