//! The graph of a model, as it will run from a bundle.

use crate::error::Result;
use crate::graph::{Encoder, Rewrite};
use crate::onnx::OnnxModel;
use crate::onnx::refusal::unsupported;

/// Builds the graph with these rewrites.
///
/// # Errors
/// Those of the graph; `unsupported_model` if it needs the model's config.json, which a bundle lacks.
pub fn graph(model: &OnnxModel, rewrites: &[Rewrite]) -> Result<Encoder> {
    Encoder::from_onnx_with(model.clone(), rewrites)?.with_first_position(None).map_err(|_| {
        unsupported(
            "the graph has an input position_ids, and a bundle does not say where positions begin; convert a file of \
             the model without this input"
                .to_owned(),
        )
    })
}
