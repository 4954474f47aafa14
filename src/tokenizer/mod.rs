//! Text to the token ids of (query, document) pairs.

mod general;
mod json;
mod model;
mod pair;
mod reader;
pub mod unigram;

pub use json::{JsonReader, TokenizerJson};
pub use pair::{Pair, Query};
pub use reader::TokenizerReader;

use general::General;
use serde::Deserialize;
use unigram::{Pieces, Unigram};

use crate::error::{Error, ModelFile, Result};

/// A Hugging Face `tokenizer.json`, without the padding and truncation that it may ask for: both are the engine's.
#[derive(Debug)]
pub struct Tokenizer {
    general: General,
}

impl Tokenizer {
    /// # Errors
    /// `invalid_model` for bytes that are not a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
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

    fn from_parts(TokenizerJson { text, pieces }: TokenizerJson) -> Result<Self> {
        let general = match pieces {
            Some(pieces) => {
                let unigram = unigram_model(&text, pieces)?;
                General::with_unigram(&text, unigram)?
            }
            None => General::from_json(&text)?,
        };
        Ok(Self { general })
    }
}

/// The model in `json`, with `pieces` for its vocabulary.
fn unigram_model(json: &[u8], pieces: Pieces) -> Result<Unigram> {
    #[derive(Deserialize)]
    struct Parts {
        version: Option<String>,
        model: Model,
    }
    #[derive(Deserialize)]
    struct Model {
        r#type: Option<String>,
        unk_id: Option<u32>,
        #[serde(default)]
        byte_fallback: bool,
    }
    let malformed = |reason: String| Error::InvalidModel {
        file: ModelFile::Tokenizer,
        reason: format!("not a tokenizer.json: {reason}"),
    };
    let Parts { version, model } = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
    if let Some(version) = version.filter(|version| version != "1.0") {
        return Err(malformed(format!("version {version:?}")));
    }
    if let Some(other) = model.r#type.filter(|name| name != "Unigram") {
        return Err(malformed(format!("a {other} model with a unigram vocabulary")));
    }
    Unigram::from_pieces(pieces, model.unk_id, model.byte_fallback)
}
