//! The feed-forward part of a layer: a linear layer with its activation and the layer behind it, a few rows at a time.
//!
//! The intermediate rows are four times as wide as the hidden state. As a tensor they would be the largest one of a
//! forward pass. Here only those of one block of rows exist at a time, and they are still in the cache when they are
//! read.

use tract_core::internal::*;

use super::linear::{Activation, LinearLayers};
use super::pattern::{only_reader, replaced};
use super::rows::{eval_rows_apart, replace_rows_apart, shared};
use super::weights::Weights;

/// Rows that run through both layers before the next ones. They are few enough for the cache, and so many that reading
/// the weights is a small part of the work.
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
        eval_rows_apart(inputs, &self.contract.output_lengths(), &|rows, outputs| self.apply(rows, outputs[0]))
    }

    fn apply(&self, rows: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let (block_rows, mut between) = self.block(rows.len());
        for (rows, outputs) in rows.chunks(block_rows).zip(outputs.chunks_mut(block_rows)) {
            let between = self.expand_block(rows, &mut between);
            self.contract_block(between, outputs);
        }
    }

    /// [`apply`](Self::apply), with each output in place of its row.
    fn replace(&self, rows: &mut [&mut [f32]]) {
        let (block_rows, mut between) = self.block(rows.len());
        for rows in rows.chunks_mut(block_rows) {
            let between = self.expand_block(&shared(rows), &mut between);
            self.contract_block(between, rows);
        }
    }

    /// The rows of a block, and memory for those between the layers. Blocks have one size, so reading the weights pays for
    /// the last block too.
    fn block(&self, rows: usize) -> (usize, Vec<f32>) {
        let block_rows = rows.div_ceil(rows.div_ceil(BLOCK_ROWS).max(1)).max(1);
        (block_rows, vec![0.0; block_rows * self.width()])
    }

    /// Numbers in a row between the layers.
    fn width(&self) -> usize {
        self.expand.output_lengths()[0]
    }

    #[inline(never)]
    fn expand_block<'a>(&self, rows: &[&[f32]], between: &'a mut [f32]) -> &'a [f32] {
        let between = &mut between[..rows.len() * self.width()];
        self.expand.apply(rows, &mut [&mut between.chunks_exact_mut(self.width()).collect::<Vec<_>>()]);
        between
    }

    #[inline(never)]
    fn contract_block(&self, between: &[f32], outputs: &mut [&mut [f32]]) {
        self.contract.apply(&between.chunks_exact(self.width()).collect::<Vec<_>>(), &mut [outputs]);
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

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        if self.contract.output_lengths()[..] == [self.expand.inputs()] {
            return Ok(tvec![replace_rows_apart(inputs.remove(0), &|rows| self.replace(rows))?]);
        }
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
