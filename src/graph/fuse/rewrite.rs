//! The ordered list of rewrites.

use tract_core::internal::*;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::logic::Iff;

use super::weights::Weights;
use super::{
    attention, broadcast, embedding, feed_forward, first_token, gelu, layer_norm, linear, positions, product,
    self_attention,
};

/// A change of the graph: most replace one kind of subgraph by one fused operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrite {
    Embedding,
    Positions,
    Linear,
    LayerNorm,
    /// Moves broadcasts below element-wise operators.
    Broadcast,
    /// Computes what follows from the distance of two places once for each distance.
    Distances,
    Attention,
    /// Moves the selection of the first token up, through fused operators and sums.
    FirstToken,
    /// Makes one operator of the layers that read the same rows.
    SharedInput,
    /// Runs the two layers around an activation on a few rows at a time.
    FeedForward,
    /// Runs attention, and the layers that compute its queries, keys and values, on a few heads at a time.
    SelfAttention,
}

impl Rewrite {
    /// In the order of application.
    pub const ALL: [Self; 11] = [
        Self::Embedding,
        Self::Positions,
        Self::Linear,
        Self::LayerNorm,
        Self::Broadcast,
        Self::Distances,
        Self::Attention,
        Self::FirstToken,
        Self::SharedInput,
        Self::FeedForward,
        Self::SelfAttention,
    ];

    pub(in crate::graph) fn apply(self, model: &mut TypedModel, weights: &Weights) -> TractResult<()> {
        if self == Self::Linear {
            // The other rules do not look through roundings.
            Rewriter::default()
                .with_rule_for("static rounding of activations", linear::drop_rounding)
                .rewrite(weights, model)?;
        }
        let rules = Rewriter::default();
        let rules = match self {
            Self::Embedding => rules
                .with_rule_for("embedding", embedding::fuse)
                .with_rule_for("scales of an embedding's rows", embedding::scale_rows)
                .with_rule_for("sum of embeddings", embedding::merge),
            Self::Positions => rules.with_rule_for("positions", positions::fuse),
            Self::Linear => rules
                .with_rule_for("linear with weights that are rounded", linear::fuse_rounded)
                .with_rule_for("product of activations", product::fuse)
                .with_rule_for("product without a sum", product::outer)
                .with_rule_for("GELU", gelu::fuse)
                .with_rule_for("GELU by tanh", gelu::fuse_tanh)
                .with_rule_for("linear", linear::fuse_quantized)
                .with_rule_for("linear with static quantisation", linear::fuse_static)
                .with_rule_for("layer norm of a constant", layer_norm::fuse_constant)
                .with_rule_for("linear on floats", linear::fuse_float)
                .with_rule_for("activation behind linear", linear::fuse_function)
                .with_rule_for("slice above split", linear::slice_above_split)
                .with_rule_for("several matrices in one", linear::split)
                .with_rule_for("gate behind linear", linear::fuse_gate)
                .with_rule_for("gate of two layers", linear::join_gate),
            Self::LayerNorm => rules.with_rule_for("layer norm", layer_norm::fuse),
            Self::Broadcast => rules
                .with_rule_for("broadcast below cast", broadcast::lower::<Cast>)
                .with_rule_for("broadcast below element-wise", broadcast::lower::<ElementWiseOp>)
                .with_rule_for("broadcast below binary", broadcast::lower::<TypedBinOp>)
                .with_rule_for("broadcast below choice", broadcast::lower::<Iff>),
            Self::Distances => rules.with_rule_for("numbers by distance", attention::spread_distances),
            Self::Attention => rules.with_rule_for("attention", attention::fuse),
            Self::FirstToken => rules
                .with_rule_for("first token above linear", first_token::above_linear)
                .with_rule_for("first token above layer norm", first_token::above_layer_norm)
                .with_rule_for("first token above sum", first_token::above_sum)
                .with_rule_for("first token above attention", first_token::above_attention),
            Self::SharedInput => rules.with_rule_for("linear layers with one input", linear::merge),
            Self::FeedForward => rules.with_rule_for("feed-forward part", feed_forward::fuse),
            Self::SelfAttention => rules.with_rule_for("self-attention", self_attention::fuse),
        };
        rules.rewrite(weights, model)
    }
}
