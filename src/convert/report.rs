//! The report on a conversion.

use std::fmt::{Display, Formatter, Result};

use super::sample::OutputError;

/// Sizes and errors of a bundle. [`Display`] writes them as lines for people.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Report {
    /// Size of the bundle in bytes.
    pub bytes: usize,
    /// Pieces of the vocabulary; `None` for a tokenizer without pieces.
    pub pieces: Option<usize>,
    /// Number of weights in matrices of 4 bits; below, in all matrices.
    pub four_bit_weights: usize,
    pub matrix_weights: usize,
    /// Predicted memory of an isolate in bytes, its JavaScript included.
    pub predicted_memory: usize,
    /// The bundle's logits against those of its source. The source runs on its float weights if it has them and the
    /// graph allows that; it then uses only the kept pieces. For an embedding model, its vectors.
    pub error: OutputError,
    #[serde(skip)]
    pub is_embedding: bool,
}

impl Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let Self { bytes, pieces, four_bit_weights, matrix_weights, predicted_memory, error, is_embedding } = self;
        let megabytes = |bytes: usize| format!("{:.1} MB", bytes as f64 / 1e6);
        writeln!(formatter, "size: {}", megabytes(*bytes))?;
        if let Some(pieces) = pieces {
            writeln!(formatter, "vocabulary: {pieces} pieces")?;
        }
        let share = 100.0 * *four_bit_weights as f64 / *matrix_weights as f64;
        writeln!(formatter, "weights of 4 bits: {share:.0} % of the encoder's")?;
        writeln!(formatter, "memory of an isolate, predicted: {}", megabytes(*predicted_memory))?;
        let OutputError { pairs, mean, largest, spread } = error;
        let (what, unit, yardstick) = if *is_embedding {
            ("vectors", "texts", "the mean distance of neighbours is")
        } else {
            ("logits", "pairs", "their standard deviation is")
        };
        let digits = if *is_embedding { 6 } else { 4 };
        writeln!(
            formatter,
            "{what} against the model it is made of, {pairs} {unit}: mean distance {mean:.digits$}, largest \
             {largest:.digits$}; {yardstick} {spread:.4}"
        )
    }
}
