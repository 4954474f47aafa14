//! Text to the token ids of (query, document) pairs.

mod checksum;
pub mod compact;
mod general;
mod json;
mod model;
mod pair;
mod parts;
mod reader;
pub mod unigram;

pub use json::{JsonReader, TokenizerJson};
pub use pair::{Pair, Query};
pub use reader::TokenizerReader;

use general::General;

use crate::error::Result;

/// A Hugging Face `tokenizer.json` in its own or the [compact] form, without the padding and truncation that it may ask
/// for: both are the engine's.
#[derive(Debug)]
pub struct Tokenizer {
    general: General,
}

impl Tokenizer {
    /// From either form.
    ///
    /// # Errors
    /// `invalid_model` for bytes that are neither.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = TokenizerReader::new(Some(bytes.len()));
        reader.push(bytes);
        reader.finish()
    }

    /// The ids of a text by itself, without special tokens.
    ///
    /// # Errors
    /// `internal` where the tokenizer refuses the text.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.general.encode(text)?.get_ids().to_vec())
    }
}
