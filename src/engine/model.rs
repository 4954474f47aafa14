//! The parts of a loaded model: its graph, its tokenizer and its longest sequence.

use super::config::DEFAULT_MAX_TOKENS;
use crate::error::{Error, ModelFile, Result};
use crate::graph::{Encoder, OperatorTime, Speed, TokenSequence};
use crate::tokenizer::Tokenizer;

const PROFILE_WARM_PASSES: usize = 3;

/// Most bytes of one tensor. Attention that is not fused needs one for all pairs of tokens in each head.
const MOST_TENSOR_BYTES: usize = 1 << 28;

/// A graph with a larger tensor is refused.
const LIMIT_BYTES: usize = 1 << 30;

/// A model that is ready to run. Its jobs share it.
#[derive(Debug)]
pub struct Model {
    pub graph: Encoder,
    pub tokenizer: Tokenizer,
    pub max_tokens: usize,
}

impl Model {
    /// Rehearses the longest sequence, after the caller has run the shortest: what loads, runs. Fewer tokens are taken
    /// where one tensor would need more than [`MOST_TENSOR_BYTES`], but never less than [`DEFAULT_MAX_TOKENS`].
    /// `sequence` tokenises a text and cuts it at `max_tokens`.
    ///
    /// # Errors
    /// `unsupported_model` if a tensor would still need more than [`LIMIT_BYTES`], or the longest sequence would fail.
    pub fn rehearse(&mut self, sequence: impl Fn(&Self, &str) -> Result<TokenSequence>) -> Result<()> {
        let bytes = self.graph.largest_tensor(self.max_tokens);
        if bytes > LIMIT_BYTES {
            let reason = format!(
                "a tensor of the graph takes {bytes} bytes for {} tokens; the limit is {LIMIT_BYTES}",
                self.max_tokens
            );
            return Err(Error::UnsupportedModel { file: ModelFile::Model, reason });
        }
        self.graph.rehearse(&sequence(self, &"a ".repeat(self.max_tokens))?)
    }

    /// Checks that the graph has a row for each token of the tokenizer: a text may hold any of them. `shortest` is a
    /// sequence that the graph takes.
    ///
    /// # Errors
    /// `unsupported_model` if a row is missing.
    pub fn check_ids(&self, shortest: &TokenSequence) -> Result<()> {
        let last = shortest.ids.iter().copied().fold(self.tokenizer.last_id(), u32::max);
        let of = |id| TokenSequence { ids: vec![id; shortest.ids.len()], type_ids: shortest.type_ids.clone() };
        match self.graph.takes(&of(last)) {
            // Another failure is one of the graph.
            Err(failure) if self.graph.takes(&of(0)).is_ok() => {
                let reason = format!(
                    "its ids go up to {last}, and the model has no row for that one: {failure}; use the tokenizer.json of \
                     the same model"
                );
                Err(Error::UnsupportedModel { file: ModelFile::Tokenizer, reason })
            }
            _ => Ok(()),
        }
    }

    /// Lowers `max_tokens` to what the graph takes, and where one tensor would need more than [`MOST_TENSOR_BYTES`].
    pub fn limit_tokens(&mut self) {
        self.max_tokens = self.graph.tokens().map_or(self.max_tokens, |tokens| tokens.min(self.max_tokens));
        while self.max_tokens > DEFAULT_MAX_TOKENS && self.graph.largest_tensor(self.max_tokens) > MOST_TENSOR_BYTES {
            self.max_tokens = (self.max_tokens / 2).max(DEFAULT_MAX_TOKENS);
        }
    }

    /// Returns the longest sequence in tokens that a call may have.
    pub fn limit(&self, max_tokens: Option<usize>) -> usize {
        max_tokens.map_or(self.max_tokens, |tokens| tokens.min(self.max_tokens))
    }

    /// Returns what decides the speed of the model.
    pub fn speed(&self) -> Speed {
        self.graph.speed()
    }

    /// Measures the time of each operator in one warm forward pass over `tokens` tokens, longest first. `now` is a
    /// clock in milliseconds.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails.
    pub fn profile(&self, tokens: usize, now: &mut dyn FnMut() -> f64) -> Result<Vec<OperatorTime>> {
        // The time does not depend on the ids. Every vocabulary has these.
        let ids = (5..25).cycle().take(tokens).collect();
        let sequence = TokenSequence { ids, type_ids: vec![0; tokens] };
        for _ in 0..PROFILE_WARM_PASSES {
            self.graph.profile(&sequence, now)?;
        }
        self.graph.profile(&sequence, now)
    }
}
