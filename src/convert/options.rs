//! The options of a conversion.

use super::vocabulary::PieceChoice;
use crate::error::Result;
use crate::graph::Pooling;

/// Options for turning a model into a bundle.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    pub pieces: PieceChoice,
    pub bits: Bits,
    pub rounding: Rounding,
    /// Most memory in bytes for an isolate with the model.
    pub max_memory: Option<usize>,
    /// Queries and documents for measuring errors; [`PAIRS`](super::PAIRS) if empty.
    pub sample: Vec<(String, String)>,
    /// How an embedding model pools, by its name for [`Pooling::from_name`]; `None` for a reranker.
    pub pooling: Option<String>,
}

impl Options {
    /// # Errors
    /// `invalid_input` for an unknown pooling.
    pub fn pooling(&self) -> Result<Option<Pooling>> {
        self.pooling.as_deref().map(Pooling::from_name).transpose()
    }
}

/// Bits of the encoder's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub enum Bits {
    /// 8 bits, and 4 where the memory limit requires it.
    #[default]
    #[serde(rename = "mixed")]
    Mixed,
    #[serde(rename = "8")]
    Eight,
    #[serde(rename = "4")]
    Four,
}

/// The rounding of weights of four bits, and of float weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// Moves the outputs of each layer least on the sample. It takes minutes for a model of 12 layers.
    #[default]
    Compensated,
    /// Rounds each weight to the nearest integer.
    Nearest,
}
