//! Text to the token ids of (query, document) pairs.

mod pair;

pub use pair::{Pair, Query};

use crate::error::{Error, ModelFile, Result};

/// A Hugging Face `tokenizer.json`, without the padding and truncation that it may ask for: both are the engine's.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// # Errors
    /// `invalid_model` for bytes that are not a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(|error| Error::InvalidModel {
            file: ModelFile::Tokenizer,
            reason: format!("not a tokenizer.json: {error}"),
        })?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| Error::Internal(format!("switching truncation off: {error}")))?;
        Ok(Self { inner })
    }
}
