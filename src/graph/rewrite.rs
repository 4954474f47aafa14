//! The ordered list of rewrites.

use tract_onnx::tract_hir::internal::*;

use super::{attention, embedding, first_token, layer_norm, linear, positions};

/// Replaces what the fused operators know; what they do not know stays as it is.
pub fn fuse(model: &mut TypedModel) -> TractResult<()> {
    Rewriter::default()
        .with_rule_for("embedding", embedding::fuse)
        .with_rule_for("sum of embeddings", embedding::merge)
        .with_rule_for("positions", positions::fuse)
        .with_rule_for("linear", linear::fuse)
        .with_rule_for("layer norm", layer_norm::fuse)
        .with_rule_for("attention", attention::fuse)
        .rewrite(&(), model)?;
    // The pick of the first token moves up one operator at a time, through fused ones only.
    Rewriter::default()
        .with_rule_for("first token above linear", first_token::above_linear)
        .with_rule_for("first token above layer norm", first_token::above_layer_norm)
        .with_rule_for("first token above attention", first_token::above_attention)
        .rewrite(&(), model)
}
