//! The feed-forward part of a layer: a linear layer with its activation and the layer behind it, a few rows at a time.
//!
//! The intermediate rows are four times as wide as the hidden state. As a tensor they would be the largest one of a
//! forward pass. Here only those of one block of rows exist at a time, and they are still in the cache when they are
//! read.

use tract_core::internal::*;

use super::linear::{Activation, LinearLayers};
use super::pattern::{only_reader, replaced};
use super::rows::eval_rows_apart;
use super::weights::Weights;

/// Rows that run through both layers before the next ones: few enough for the cache, and enough that reading the
/// weights is a small part of the work.
const BLOCK_ROWS: usize = 128;

/// The fused operator, from rows of hidden size to rows of hidden size; all axes but the last are rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedForward {
    /// This layer has an activation and one output.
    expand: LinearLayers,
    contract: LinearLayers,
}

impl FeedForward {
    /// Both layers, in the order in which they run.
    pub fn layers(&self) -> [&LinearLayers; 2] {
        [&self.expand, &self.contract]
    }

    /// Computes the outputs for each of several inputs, as [`LinearLayers::eval_together`] does.
    pub fn eval_together<'a>(&self, inputs: impl IntoIterator<Item = &'a TValue>) -> TractResult<Vec<TVec<TValue>>> {
        eval_rows_apart(inputs, &self.contract.output_lengths(), &|rows, outputs| self.apply(rows, outputs))
    }

    fn apply(&self, rows: &[&[f32]], outputs: &mut [&mut [&mut [f32]]]) {
        let width = self.expand.output_lengths()[0];
        // Blocks have one size, so reading the weights pays for the last block too.
        let block_rows = rows.len().div_ceil(rows.len().div_ceil(BLOCK_ROWS).max(1)).max(1);
        let outputs = outputs[0].chunks_mut(block_rows);
        let mut between = vec![0.0; block_rows * width];
        for (rows, outputs) in rows.chunks(block_rows).zip(outputs) {
            let between = &mut between[..rows.len() * width];
            self.expand.apply(rows, &mut [&mut between.chunks_exact_mut(width).collect::<Vec<_>>()]);
            self.contract.apply(&between.chunks_exact(width).collect::<Vec<_>>(), &mut [outputs]);
        }
    }
}

impl Op for FeedForward {
    fn name(&self) -> StaticName {
        "FeedForward".into()
    }

    op_as_typed_op!();
}

impl EvalOp for FeedForward {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.eval_together(&inputs)?.pop().context("the feed-forward operator returned nothing for its input")
    }
}

impl TypedOp for FeedForward {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let between = self.expand.output_facts(inputs)?;
        self.contract.output_facts(&between.iter().collect::<TVec<_>>())
    }

    as_op!();
}

/// Matches from the layer with the activation on.
pub fn fuse(
    _: &Weights,
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    expand: &LinearLayers,
) -> TractResult<Option<TypedModelPatch>> {
    rule_if!(expand.activation() != Activation::None && node.outputs.len() == 1);
    rule_if_some!(next = only_reader(model, node));
    rule_if_some!(contract = next.op_as::<LinearLayers>().filter(|next| next.is_one_layer()));
    let feed_forward = FeedForward { expand: expand.clone(), contract: contract.clone() };
    replaced(model, name, feed_forward, &[node.inputs[0]], next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fuse::rewrite::Rewrite;
    use crate::graph::fuse::testing::count_after;

    #[test]
    fn takes_every_pair_of_layers_with_gelu_between_them() {
        let count = |change: &dyn Fn(&mut TypedModel)| count_after(Rewrite::FeedForward, "FeedForward", change);
        assert_eq!(count(&|_| {}), 2);
        let read_elsewhere = |graph: &mut TypedModel| {
            let has_gelu = |node: &&TypedNode| {
                node.op_as().is_some_and(|linear: &LinearLayers| matches!(linear.activation(), Activation::Function(_)))
            };
            let between = graph.nodes().iter().find(has_gelu).unwrap().id;
            graph.outputs.push(between.into());
        };
        assert_eq!(count(&read_elsewhere), 1);
    }
}
