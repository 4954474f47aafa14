//! An embedding model, which turns texts into vectors.

use std::ops::Range;

use super::model::Model;
use crate::error::Result;
use crate::graph::{Speed, TokenSequence};
use crate::tokenizer::Single;

/// A model that returns one vector for a text. Its jobs share it.
#[derive(Debug)]
pub struct Embedder {
    pub(super) model: Model,
    dimensions: usize,
}

impl Embedder {
    /// Runs the shortest text, and rehearses the longest.
    ///
    /// # Errors
    /// Those of [`Model::rehearse`], and of [`vector`](Self::vector) for the shortest.
    pub(super) fn new(mut model: Model) -> Result<Self> {
        model.limit_tokens();
        let shortest = sequence(&model, "a")?;
        model.check_ids(&shortest)?;
        let mut embedder = Self { dimensions: model.graph.vector(&shortest)?.len(), model };
        embedder.model.rehearse(sequence)?;
        Ok(embedder)
    }

    /// Returns the longest text in tokens, special tokens included.
    pub fn max_tokens(&self) -> usize {
        self.model.max_tokens
    }

    /// Returns how many numbers a vector has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Returns what decides the speed of the model.
    pub fn speed(&self) -> Speed {
        self.model.speed()
    }

    /// Returns the tokens of a text. A text that does not fit loses its end.
    ///
    /// # Errors
    /// Those of the tokenizer.
    pub fn sequence(&self, text: &str) -> Result<TokenSequence> {
        sequence(&self.model, text)
    }

    /// Returns the unit vector of a tokenised text.
    ///
    /// # Errors
    /// `invalid_model` if the graph fails on it.
    pub fn vector(&self, sequence: &TokenSequence) -> Result<Vec<f32>> {
        self.model.graph.vector(sequence).map(unit)
    }

    /// Cuts a text into overlapping windows of at most `max_tokens` tokens, special tokens included. Returns the range of
    /// each in UTF-16 code units. A text that fits is one window.
    ///
    /// # Errors
    /// `invalid_input` for an overlap without room for new tokens; those of the tokenizer.
    pub fn windows(&self, text: &str, max_tokens: Option<usize>, overlap: usize) -> Result<Vec<Range<usize>>> {
        let tokenizer = &self.model.tokenizer;
        let budget = tokenizer.single_budget(self.model.limit(max_tokens))?;
        tokenizer.ranges(text, budget, overlap)
    }
}

fn sequence(model: &Model, text: &str) -> Result<TokenSequence> {
    let budget = model.tokenizer.single_budget(model.max_tokens)?;
    let Single { ids, type_ids, .. } = model.tokenizer.single(text, budget)?;
    Ok(TokenSequence { ids, type_ids })
}

/// Scales a vector to length 1. The sum runs in `f64`, from the first number to the last, so that the bits are the same
/// everywhere. A vector of zeros stays.
pub fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|&number| f64::from(number) * f64::from(number)).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number = (f64::from(*number) / length) as f32);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_scaled_to_length_one() {
        assert_eq!(unit(vec![3.0, 0.0, -4.0]), [0.6, 0.0, -0.8]);
        assert_eq!(unit(vec![0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(unit(vec![f32::MAX, f32::MAX]), [0.5f32.sqrt(), 0.5f32.sqrt()]);
    }
}
