//! Checks the names in a model before its nodes are wired. The ONNX parser has checked the sizes of tensors.

use std::collections::HashSet;

use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::schema::Model;

/// # Errors
/// `invalid_model`, with the name of the wrong node or output.
pub fn validate(model: &Model<'_>) -> Result<()> {
    let mut defined: HashSet<&str> = model.inputs.iter().copied().collect();
    defined.extend(model.initializers.iter().map(|tensor| tensor.name));
    for node in &model.nodes {
        for input in node.inputs.iter().filter(|name| !name.is_empty()) {
            if !defined.contains(input) {
                return Err(invalid(format!(
                    "node {:?} reads {input:?}, which no node, input or weight before it defines",
                    node.name
                )));
            }
        }
        defined.extend(&node.outputs);
    }
    if model.outputs.is_empty() {
        return Err(invalid("the graph has no output; it needs one, the logit".to_owned()));
    }
    match model.outputs.iter().find(|output| output.is_empty() || !defined.contains(*output)) {
        Some(output) => Err(invalid(format!("no node of the graph defines its output {output:?}"))),
        None => Ok(()),
    }
}
