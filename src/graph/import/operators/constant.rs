//! Values that the file holds, and operators that return their input.

use tract_core::internal::*;
use tract_core::ops::array::MultiBroadcastTo;

use super::{Wire, Wiring};
use crate::graph::import::tensor::{datum_type, tensor};
use crate::onnx::schema::Tensor;

pub fn lookup(operator: &str) -> Option<Wire> {
    Some(match operator {
        "Constant" => constant,
        "ConstantOfShape" => constant_of_shape,
        "Identity" => |node| Ok(tvec!(node.input(0)?)),
        "Dropout" => dropout,
        "Cast" => cast,
        _ => return None,
    })
}

fn constant(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let value = if let Some(message) = node.attribute("value").and_then(|attribute| attribute.tensor.as_ref()) {
        tensor(&Tensor::read(message)?)?
    } else if let Some(value) = node.integer("value_int") {
        tensor0(value)
    } else if let Some(value) = node.float("value_float") {
        tensor0(value)
    } else if let Some(values) = node.integers("value_ints") {
        tensor1(values)
    } else if let Some(values) = node.attribute("value_floats") {
        tensor1(&values.floats)
    } else {
        bail!("the node holds no numbers; it needs a value of floats or integers");
    };
    Ok(tvec!(node.add_constant(value)?))
}

fn constant_of_shape(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let value = match node.attribute("value").and_then(|attribute| attribute.tensor.as_ref()) {
        Some(message) => tensor(&Tensor::read(message)?)?,
        None => tensor0(0f32),
    };
    ensure!(value.len() == 1, "the node's value has {} numbers; it must have one", value.len());
    let shape = node.lengths(0)?;
    let value = node.add_constant(value.into_shape(&[])?)?;
    Ok(tvec!(node.wire(MultiBroadcastTo::new(shape.into()), &[value])?))
}

/// The identity, and a mask that keeps everything. Only training mode drops anything, and the engine does not train.
fn dropout(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let input = node.input(0)?;
    if node.optional(2).is_some() {
        let trains = node.constant(2)?.cast_to_scalar::<bool>()?;
        ensure!(!trains, "the node is in training mode; export the model for inference");
    }
    let mut outputs = tvec!(input);
    if node.has_output(1) {
        let shape = node.fact(input)?.shape.clone();
        let keep = node.add_constant(tensor0(true))?;
        outputs.push(node.wire(MultiBroadcastTo::new(shape), &[keep])?);
    }
    Ok(outputs)
}

/// int64 becomes TDim, because the number may be a size of an axis that is not known yet.
fn cast(node: &mut Wiring<'_>) -> TractResult<TVec<OutletId>> {
    let to = match datum_type(node.integer("to").context("the attribute `to`, the type of the result, is missing")?)? {
        DatumType::I64 => DatumType::TDim,
        other => other,
    };
    let input = node.input(0)?;
    Ok(tvec!(node.cast(input, to)?))
}
