//! The graph of a model, as it will run from a bundle.

use crate::error::Result;
use crate::graph::{Encoder, Pooling, Rewrite};
use crate::onnx::OnnxModel;
use crate::onnx::refusal::unsupported;

/// Builds the graph with these rewrites: that of an embedding model with a pooling, else that of a reranker.
///
/// # Errors
/// Those of the graph; `unsupported_model` if it needs the model's config.json, which a bundle lacks.
pub fn graph(model: &OnnxModel, rewrites: &[Rewrite], pooling: Option<Pooling>) -> Result<Encoder> {
    let graph = match pooling {
        Some(pooling) => Encoder::embedding_with(model.clone(), pooling, rewrites),
        None => Encoder::from_onnx_with(model.clone(), rewrites),
    };
    graph?.with_first_position(None).map_err(|_| {
        unsupported(
            "the graph has an input position_ids, and a bundle does not say where positions begin; convert a file of \
             the model without this input"
                .to_owned(),
        )
    })
}
