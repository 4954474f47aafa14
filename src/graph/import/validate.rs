//! What must hold of the names in a `ModelProto` before its nodes are wired. The sizes of tensors were checked when the
//! file came in.

use std::collections::HashSet;

use super::proto::{GraphProto, ModelProto};
use crate::error::Result;
use crate::onnx::refusal::invalid;

/// # Errors
/// `invalid_model`, naming the node or output that is wrong.
pub fn validate(proto: &ModelProto) -> Result<()> {
    let graph = proto.graph.as_ref().ok_or_else(|| invalid("it holds no graph".to_owned()))?;
    let mut defined: HashSet<&str> = graph.input.iter().map(|input| &*input.name).collect();
    defined.extend(graph.initializer.iter().map(|tensor| &*tensor.name));
    for node in &graph.node {
        for input in node.input.iter().filter(|name| !name.is_empty()) {
            if !defined.contains(&**input) {
                return Err(invalid(format!("node {:?} reads {input:?}, which nothing before it defines", node.name)));
            }
        }
        defined.extend(node.output.iter().map(|name| &**name));
    }
    if graph.output.is_empty() {
        return Err(invalid("the graph has no output".to_owned()));
    }
    validate_outputs(graph, &defined)
}

fn validate_outputs(graph: &GraphProto, defined: &HashSet<&str>) -> Result<()> {
    match graph.output.iter().find(|output| output.name.is_empty() || !defined.contains(&*output.name)) {
        Some(output) => Err(invalid(format!("nothing defines the output {:?}", output.name))),
        None => Ok(()),
    }
}
