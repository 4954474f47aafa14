//! A loaded model: its graph, its tokenizer and its longest pair.

use super::config::DEFAULT_MAX_TOKENS;
use crate::error::{Error, ModelFile, Result};
use crate::graph::{Encoder, OperatorTime, Speed, TokenSequence};
use crate::tokenizer::Tokenizer;

const PROFILE_WARM_PASSES: usize = 3;

/// Most bytes of one tensor. Attention that is not fused needs one for all pairs of tokens in each head.
const MOST_TENSOR_BYTES: usize = 1 << 28;

/// A graph with a larger tensor is refused.
const LIMIT_BYTES: usize = 1 << 30;

/// Encoder and tokenizer of one model. Its jobs share them.
#[derive(Debug)]
pub struct Reranker {
    pub(super) graph: Encoder,
    pub(super) tokenizer: Tokenizer,
    pub(super) max_tokens: usize,
}

impl Reranker {
    pub(super) fn new(graph: Encoder, tokenizer: Tokenizer, max_tokens: usize) -> Self {
        Self { graph, tokenizer, max_tokens }
    }

    /// Runs the shortest pair, and rehearses the longest one: what loads, runs. Fewer tokens are taken where one tensor
    /// would need more than [`MOST_TENSOR_BYTES`], but never less than [`DEFAULT_MAX_TOKENS`].
    ///
    /// # Errors
    /// `unsupported_model` if a tensor would still need more than [`LIMIT_BYTES`], or the longest pair would fail; those
    /// of [`Encoder::logit`] for the shortest. `unsupported_model` if the model has no row for a token of its tokenizer.
    pub(super) fn check(&mut self) -> Result<()> {
        self.max_tokens = self.graph.tokens().map_or(self.max_tokens, |tokens| tokens.min(self.max_tokens));
        while self.max_tokens > DEFAULT_MAX_TOKENS && self.graph.largest_tensor(self.max_tokens) > MOST_TENSOR_BYTES {
            self.max_tokens = (self.max_tokens / 2).max(DEFAULT_MAX_TOKENS);
        }
        let bytes = self.graph.largest_tensor(self.max_tokens);
        if bytes > LIMIT_BYTES {
            let reason = format!(
                "a tensor of the graph takes {bytes} bytes for {} tokens; the limit is {LIMIT_BYTES}",
                self.max_tokens
            );
            return Err(Error::UnsupportedModel { file: ModelFile::Model, reason });
        }
        let shortest = self.sequence("a", "a")?;
        self.check_ids(&shortest)?;
        self.graph.logit(&shortest)?;
        self.graph.rehearse(&self.sequence("a", &"a ".repeat(self.max_tokens))?)
    }

    /// Checks that the model has a row for each token of its tokenizer: a text may hold any of them.
    fn check_ids(&self, pair: &TokenSequence) -> Result<()> {
        let last = pair.ids.iter().copied().fold(self.tokenizer.last_id(), u32::max);
        let of = |id| TokenSequence { ids: vec![id; pair.ids.len()], type_ids: pair.type_ids.clone() };
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

    /// Returns the longest pair of the model in tokens.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Returns what decides the speed of the model.
    pub fn speed(&self) -> Speed {
        self.graph.speed()
    }

    /// Returns the tokens of a pair. The document is cut to fit.
    ///
    /// # Errors
    /// Those of the tokenizer; `invalid_input` if the query leaves no room for a document.
    pub fn sequence(&self, query: &str, document: &str) -> Result<TokenSequence> {
        let pair = self.tokenizer.pair(&self.tokenizer.query(query, self.max_tokens)?, document)?;
        Ok(TokenSequence { ids: pair.ids, type_ids: pair.type_ids })
    }

    /// Returns the logit of a tokenised pair.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails on it.
    pub fn logit(&self, sequence: &TokenSequence) -> Result<f32> {
        self.graph.logit(sequence)
    }

    /// Returns the logit with activations in floats. Only the rounding of the weights separates it from the float
    /// model's.
    ///
    /// # Errors
    /// Those of [`Encoder::exact_logit`].
    pub fn exact_logit(&self, sequence: &TokenSequence) -> Result<f32> {
        self.graph.exact_logit(sequence)
    }

    /// Measures the time of each operator in one warm forward pass over `tokens` tokens, longest first. `now` is a
    /// clock in milliseconds.
    ///
    /// # Errors
    /// As [`Reranker::logit`].
    pub fn profile(&self, tokens: usize, now: &mut dyn FnMut() -> f64) -> Result<Vec<OperatorTime>> {
        // The time does not depend on the ids. Every vocabulary has these.
        let ids = (5..25).cycle().take(tokens).collect();
        let sequence = TokenSequence { ids, type_ids: vec![0; tokens] };
        for _ in 0..PROFILE_WARM_PASSES {
            self.graph.logit(&sequence)?;
        }
        self.graph.profile(&sequence, now)
    }
}
