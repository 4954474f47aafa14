//! A loaded model.

use crate::error::Result;
use crate::graph::{Graph, OperatorTime, TokenSequence};
use crate::tokenizer::Tokenizer;

const PROFILE_WARM_PASSES: usize = 3;

/// Graph and tokenizer of one model; shared by the jobs that run on it.
#[derive(Debug)]
pub struct Reranker {
    pub(super) graph: Graph,
    pub(super) tokenizer: Tokenizer,
    pub(super) max_tokens: usize,
}

impl Reranker {
    pub(super) fn new(graph: Graph, tokenizer: Tokenizer, max_tokens: usize) -> Self {
        Self { graph, tokenizer, max_tokens }
    }

    /// Longest pair in tokens that the model takes.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The tokens of a pair, of which the document is cut to fit.
    ///
    /// # Errors
    /// What the tokenizer gives, and `invalid_input` where the query leaves no room for a document.
    pub fn sequence(&self, query: &str, document: &str) -> Result<TokenSequence> {
        let pair = self.tokenizer.pair(&self.tokenizer.query(query, self.max_tokens)?, document)?;
        Ok(TokenSequence { ids: pair.ids, type_ids: pair.type_ids })
    }

    /// The logit of a pair that is tokens already.
    ///
    /// # Errors
    /// `invalid_model` where the graph fails on it.
    pub fn logit(&self, sequence: &TokenSequence) -> Result<f32> {
        self.graph.logit(sequence)
    }

    /// The same on floats, which only the weights' integers make differ from what the model was quantised from.
    ///
    /// # Errors
    /// Those of [`Graph::exact_logit`].
    pub fn exact_logit(&self, sequence: &TokenSequence) -> Result<f32> {
        self.graph.exact_logit(sequence)
    }

    /// What each operator takes of one warm forward pass over `tokens` tokens, longest first; `now` is a clock in
    /// milliseconds.
    ///
    /// # Errors
    /// As [`Reranker::logit`].
    pub fn profile(&self, tokens: usize, now: &mut dyn FnMut() -> f64) -> Result<Vec<OperatorTime>> {
        // Time does not depend on which tokens they are. Every vocabulary has these.
        let ids = (5..25).cycle().take(tokens).collect();
        let sequence = TokenSequence { ids, type_ids: vec![0; tokens] };
        for _ in 0..PROFILE_WARM_PASSES {
            self.graph.logit(&sequence)?;
        }
        self.graph.profile(&sequence, now)
    }
}
