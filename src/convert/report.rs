//! What became of a model.

use std::fmt::{Display, Formatter, Result};

use super::sample::LogitError;

/// Sizes and errors of a bundle; [`Display`] gives them as lines for people.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Report {
    /// Size of the bundle in bytes.
    pub bytes: usize,
    /// Pieces of the vocabulary; none where the tokenizer is not made of pieces.
    pub pieces: Option<usize>,
    /// Number of weights in matrices of 4 bits, and in all matrices.
    pub four_bit_weights: usize,
    pub matrix_weights: usize,
    /// Memory in bytes that an isolate will take, its JavaScript included.
    pub predicted_memory: usize,
    /// The logits of the bundle against those of the model that it was made of: by the float weights, where it has them and
    /// the graph can be run on them, though with the pieces that stay.
    pub error: LogitError,
}

impl Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let Self { bytes, pieces, four_bit_weights, matrix_weights, predicted_memory, error } = self;
        let megabytes = |bytes: usize| format!("{:.1} MB", bytes as f64 / 1e6);
        writeln!(formatter, "size: {}", megabytes(*bytes))?;
        if let Some(pieces) = pieces {
            writeln!(formatter, "vocabulary: {pieces} pieces")?;
        }
        let share = 100.0 * *four_bit_weights as f64 / *matrix_weights as f64;
        writeln!(formatter, "weights of 4 bits: {share:.0} % of the encoder's")?;
        writeln!(formatter, "memory of an isolate, predicted: {}", megabytes(*predicted_memory))?;
        writeln!(
            formatter,
            "logits against the model it is made of, {} pairs: mean distance {:.4}, largest {:.4}; their standard deviation is {:.4}",
            error.pairs, error.mean, error.largest, error.spread
        )
    }
}
