//! A cross-encoder, which scores pairs.

use super::model::Model;
use crate::error::Result;
use crate::graph::{OperatorTime, Speed, TokenSequence};

/// A model that returns one logit for a pair. Its jobs share it.
#[derive(Debug)]
pub struct Reranker {
    pub(super) model: Model,
}

impl Reranker {
    /// Runs the shortest pair, and rehearses the longest.
    ///
    /// # Errors
    /// Those of [`Model::check_ids`] and [`Model::rehearse`], and of [`logit`](Self::logit) for the shortest.
    pub(super) fn new(model: Model) -> Result<Self> {
        let mut reranker = Self { model };
        reranker.model.limit_tokens();
        let shortest = reranker.sequence("a", "a")?;
        reranker.model.check_ids(&shortest)?;
        reranker.logit(&shortest)?;
        reranker.model.rehearse(|model, text| sequence(model, "a", text))?;
        Ok(reranker)
    }

    /// Returns the longest pair of the model in tokens.
    pub fn max_tokens(&self) -> usize {
        self.model.max_tokens
    }

    /// Returns what decides the speed of the model.
    pub fn speed(&self) -> Speed {
        self.model.speed()
    }

    /// Returns the tokens of a pair. The document is cut to fit.
    ///
    /// # Errors
    /// Those of the tokenizer; `invalid_input` if the query leaves no room for a document.
    pub fn sequence(&self, query: &str, document: &str) -> Result<TokenSequence> {
        sequence(&self.model, query, document)
    }

    /// Returns the logit of a tokenised pair.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails on it.
    pub fn logit(&self, sequence: &TokenSequence) -> Result<f32> {
        self.model.graph.logit(sequence)
    }

    /// Returns the logit with activations in floats. Only the rounding of the weights separates it from the float
    /// model's.
    ///
    /// # Errors
    /// Those of [`Encoder::exact_logit`](crate::graph::Encoder::exact_logit).
    pub fn exact_logit(&self, sequence: &TokenSequence) -> Result<f32> {
        self.model.graph.exact_logit(sequence)
    }

    /// Measures the time of each operator, as [`Model::profile`] does.
    ///
    /// # Errors
    /// As [`Reranker::logit`].
    pub fn profile(&self, tokens: usize, now: &mut dyn FnMut() -> f64) -> Result<Vec<OperatorTime>> {
        self.model.profile(tokens, now)
    }
}

fn sequence(model: &Model, query: &str, document: &str) -> Result<TokenSequence> {
    let pair = model.tokenizer.pair(&model.tokenizer.query(query, model.max_tokens)?, document)?;
    Ok(TokenSequence { ids: pair.ids, type_ids: pair.type_ids })
}
