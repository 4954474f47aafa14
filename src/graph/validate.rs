//! What must hold of a `ModelProto` before tract sees it: its loader indexes by name and slices by shape unchecked.

use std::collections::HashSet;

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{ModelProto, TensorProto};

use super::broken;
use crate::error::Result;

/// # Errors
/// `invalid_model`, naming the tensor or node that is wrong.
pub fn validate(proto: &ModelProto) -> Result<()> {
    let graph = proto.graph.as_ref().ok_or_else(|| broken("it holds no graph".to_owned()))?;
    let mut defined: HashSet<&str> = graph.input.iter().map(|input| &*input.name).collect();
    for tensor in &graph.initializer {
        validate_tensor(tensor)?;
        defined.insert(&tensor.name);
    }
    for node in &graph.node {
        for input in node.input.iter().filter(|name| !name.is_empty()) {
            if !defined.contains(&**input) {
                return Err(broken(format!("node {:?} reads {input:?}, which nothing before it defines", node.name)));
            }
        }
        for tensor in node.attribute.iter().filter_map(|attribute| attribute.t.as_ref()) {
            validate_tensor(tensor)?;
        }
        defined.extend(node.output.iter().map(|name| &**name));
    }
    if graph.output.is_empty() {
        return Err(broken("the graph has no output".to_owned()));
    }
    match graph.output.iter().find(|output| !defined.contains(&*output.name)) {
        Some(output) => Err(broken(format!("nothing defines the output {:?}", output.name))),
        None => Ok(()),
    }
}

fn validate_tensor(tensor: &TensorProto) -> Result<()> {
    let wrong = |reason: String| broken(format!("tensor {:?} {reason}", tensor.name));
    if tensor.data_location == Some(DataLocation::External as i32) {
        return Err(wrong("keeps its data in another file; one file with everything is needed".to_owned()));
    }
    let elements = tensor
        .dims
        .iter()
        .try_fold(1usize, |product, &dimension| product.checked_mul(usize::try_from(dimension).ok()?))
        .ok_or_else(|| wrong(format!("has the impossible shape {:?}", tensor.dims)))?;
    let element_size = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float | DataType::Int32 | DataType::Uint32) => 4,
        Ok(DataType::Double | DataType::Int64 | DataType::Uint64) => 8,
        Ok(DataType::Float16 | DataType::Bfloat16 | DataType::Int16 | DataType::Uint16) => 2,
        Ok(DataType::Int8 | DataType::Uint8 | DataType::Bool) => 1,
        _ => return Err(wrong(format!("has the unknown data type {}", tensor.data_type))),
    };
    let bytes = elements
        .checked_mul(element_size)
        .ok_or_else(|| wrong(format!("has the impossible shape {:?}", tensor.dims)))?;
    let typed = tensor.float_data.len()
        + tensor.int32_data.len()
        + tensor.int64_data.len()
        + tensor.double_data.len()
        + tensor.uint64_data.len();
    match (tensor.raw_data.len(), typed) {
        (raw, 0) if raw == bytes => Ok(()),
        (0, typed) if typed == elements => Ok(()),
        (raw, typed) => Err(wrong(format!(
            "of shape {:?} holds {raw} raw bytes and {typed} values instead of {bytes} bytes or {elements} values",
            tensor.dims
        ))),
    }
}
