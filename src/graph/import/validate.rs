//! Checks the names in a model before its nodes are wired. The ONNX parser has checked the sizes of tensors.

use std::collections::HashSet;

use super::order::sort;
use crate::error::Result;
use crate::onnx::refusal::invalid;
use crate::onnx::schema::Graph;

/// Checks the graph of a model, and sorts its nodes.
///
/// # Errors
/// `invalid_model`, with the name of the wrong node or output; `unsupported_model` for too many levels of branches.
pub fn validate(graph: &mut Graph<'_>) -> Result<()> {
    let mut defined: HashSet<&str> = graph.inputs.iter().copied().collect();
    defined.extend(graph.initializers.iter().map(|tensor| tensor.name));
    sort(graph, &|name| defined.contains(name))?;
    defined.extend(graph.nodes.iter().flat_map(|node| &node.outputs));
    if graph.outputs.is_empty() {
        return Err(invalid("the graph has no output; it needs one, the logit".to_owned()));
    }
    match graph.outputs.iter().find(|output| output.is_empty() || !defined.contains(*output)) {
        Some(output) => Err(invalid(format!("no node of the graph defines its output {output:?}"))),
        None => Ok(()),
    }
}
