//! What must hold of the names in a model before its nodes are wired. The sizes of tensors were checked when the file came in.

use std::collections::HashSet;

use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::schema::Model;

/// # Errors
/// `invalid_model`, naming the node or output that is wrong.
pub fn validate(model: &Model<'_>) -> Result<()> {
    let mut defined: HashSet<&str> = model.inputs.iter().copied().collect();
    defined.extend(model.initializers.iter().map(|tensor| tensor.name));
    for node in &model.nodes {
        for input in node.inputs.iter().filter(|name| !name.is_empty()) {
            if !defined.contains(input) {
                return Err(invalid(format!("node {:?} reads {input:?}, which nothing before it defines", node.name)));
            }
        }
        defined.extend(&node.outputs);
    }
    if model.outputs.is_empty() {
        return Err(invalid("the graph has no output".to_owned()));
    }
    match model.outputs.iter().find(|output| output.is_empty() || !defined.contains(*output)) {
        Some(output) => Err(invalid(format!("nothing defines the output {output:?}"))),
        None => Ok(()),
    }
}
