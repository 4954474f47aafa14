//! What a caller chooses.

use super::vocabulary::PieceChoice;

/// How a model becomes a bundle.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    pub pieces: PieceChoice,
    pub bits: Bits,
    pub rounding: Rounding,
    /// Most memory in bytes that an isolate with the model may take.
    pub max_memory: Option<usize>,
    /// Queries and documents that errors are measured on; without any, [`PAIRS`](super::PAIRS).
    pub sample: Vec<(String, String)>,
}

/// Bits of the encoder's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub enum Bits {
    /// As many as fit the memory that there is, 8 where nothing is said of it.
    #[default]
    #[serde(rename = "mixed")]
    Mixed,
    #[serde(rename = "8")]
    Eight,
    #[serde(rename = "4")]
    Four,
}

/// How weights of four bits, and float weights, are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// So that the outputs of their layer move least on the sample; minutes for a model of 12 layers.
    #[default]
    Compensated,
    /// Each to the nearest.
    Nearest,
}
