//! The neural network. Everything that names tract is in this module.

mod attention;
mod embedding;
mod first_token;
mod import;
mod layer_norm;
mod linear;
mod load;
mod operators;
mod pattern;
mod positions;
mod profile;
mod proto;
mod rewrite;
mod tanh;
mod tensor;
mod validate;
mod weights;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use profile::OperatorTime;
pub use rewrite::Rewrite;
use tract_core::prelude::*;

use crate::error::{Error, ModelFile, Result};
pub use crate::kernels::warm_up::warm_up;

/// What feeds one input of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    TokenIds,
    AttentionMask,
    TokenTypeIds,
}

impl Input {
    const ALL: [Self; 3] = [Self::TokenIds, Self::AttentionMask, Self::TokenTypeIds];

    /// What exporters call it.
    const fn name(self) -> &'static str {
        match self {
            Self::TokenIds => "input_ids",
            Self::AttentionMask => "attention_mask",
            Self::TokenTypeIds => "token_type_ids",
        }
    }
}

/// Token ids of one (query, document) pair, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenSequence {
    pub ids: Vec<u32>,
    /// Segment of each token, for models that tell query and document apart (BERT). Same length as `ids`.
    pub type_ids: Vec<u32>,
}

/// A cross-encoder ready to run: one plan for all sequence lengths.
#[derive(Debug)]
pub struct Graph {
    plan: Arc<TypedRunnableModel>,
    /// One entry for each input of the plan, in its order.
    inputs: Vec<Input>,
}

impl Graph {
    /// The logit of one pair. The sequence is run alone and unpadded, so nothing but its own tokens bears on the result.
    ///
    /// # Errors
    /// `invalid_model` where the graph fails on it or gives something other than one finite number.
    pub fn logit(&self, sequence: &TokenSequence) -> Result<f32> {
        let length = sequence.ids.len();
        let run = || -> TractResult<Vec<f32>> {
            let outputs = self.plan.run(self.feed(sequence)?)?;
            let logits = outputs.first().ok_or_else(|| TractError::msg("no output"))?;
            Ok(logits.cast_to::<f32>()?.view().as_slice::<f32>()?.to_vec())
        };
        let logits = run().map_err(|error| broken(format!("the graph failed on {length} tokens: {error:#}")))?;
        match logits[..] {
            [logit] if logit.is_finite() => Ok(logit),
            [logit] => Err(broken(format!("the logit of {length} tokens is {logit}"))),
            _ => Err(Error::UnsupportedModel {
                file: ModelFile::Model,
                reason: format!("{} numbers for one pair; a reranker gives one", logits.len()),
            }),
        }
    }

    /// How many nodes of each operator the plan has, constants and inputs left out.
    pub fn census(&self) -> BTreeMap<String, usize> {
        let mut census = BTreeMap::new();
        for node in self.plan.model().nodes() {
            *census.entry(node.op.name().into_owned()).or_default() += 1;
        }
        census.retain(|name, _| name != "Const" && name != "Source");
        census
    }

    /// The plan's inputs for one pair.
    fn feed(&self, sequence: &TokenSequence) -> TractResult<TVec<TValue>> {
        let length = sequence.ids.len();
        let tensor = |values: &mut dyn Iterator<Item = i64>| -> TractResult<TValue> {
            let values: Vec<i64> = values.collect();
            Ok(Tensor::from_shape(&[1, length], &values)?.into_tvalue())
        };
        self.inputs
            .iter()
            .map(|input| match input {
                Input::TokenIds => tensor(&mut sequence.ids.iter().map(|&id| i64::from(id))),
                Input::AttentionMask => tensor(&mut std::iter::repeat_n(1, length)),
                Input::TokenTypeIds => tensor(&mut sequence.type_ids.iter().map(|&id| i64::from(id))),
            })
            .collect()
    }
}

fn broken(reason: String) -> Error {
    Error::InvalidModel { file: ModelFile::Model, reason }
}
