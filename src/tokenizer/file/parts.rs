//! The parts of a tokenizer file after reading it in either form.

use serde::Deserialize;

use super::json::TokenizerJson;
use crate::error::Result;
use crate::tokenizer::Tokenizer;
use crate::tokenizer::hugging_face::General;
use crate::tokenizer::refusal::{check_version, damaged, malformed};
use crate::tokenizer::sentence_piece::Description;
use crate::tokenizer::unigram::Unigram;

#[derive(Debug)]
pub struct Parts {
    /// The `tokenizer.json`, without its vocabulary if there is a `unigram`.
    pub(in crate::tokenizer) text: Vec<u8>,
    pub(in crate::tokenizer) unigram: Option<Unigram>,
}

impl Parts {
    /// # Errors
    /// `invalid_model` for a model that contradicts its vocabulary, `unsupported_model` for too large a one.
    pub(in crate::tokenizer) fn from_json(TokenizerJson { text, pieces }: TokenizerJson) -> Result<Self> {
        match pieces {
            None => Ok(Self { text, unigram: None }),
            Some(pieces) => {
                Self::new(text, |unknown_id, byte_fallback| Unigram::from_pieces(pieces, unknown_id, byte_fallback))
            }
        }
    }

    /// `unigram` makes the model from its unknown id and a flag: true if it spells unknown text in bytes.
    ///
    /// # Errors
    /// `invalid_model` if `text` does not describe a unigram model; those of `unigram`.
    pub(in crate::tokenizer) fn new(
        text: Vec<u8>,
        unigram: impl FnOnce(Option<u32>, bool) -> Result<Unigram>,
    ) -> Result<Self> {
        let Described { version, model } = serde_json::from_slice(&text).map_err(malformed)?;
        check_version(version.as_deref())?;
        if let Some(other) = model.r#type.filter(|name| name != "Unigram") {
            return Err(damaged(&format!("its {other} model has the vocabulary of a unigram model")));
        }
        let unigram = unigram(model.unk_id, model.byte_fallback)?;
        Ok(Self { text, unigram: Some(unigram) })
    }

    /// # Errors
    /// `invalid_model` if the text is not a `tokenizer.json`.
    pub fn into_tokenizer(self) -> Result<Tokenizer> {
        let Some(unigram) = self.unigram else {
            return Ok(Tokenizer::from(General::from_json(&self.text)?));
        };
        let unigram = match Description::from_json(&self.text) {
            None => unigram,
            Some(description) => match description.with_unigram(unigram) {
                Ok(pipeline) => return Ok(Tokenizer::from(pipeline)),
                Err(unigram) => unigram,
            },
        };
        Ok(Tokenizer::from(General::with_unigram(&self.text, unigram)?))
    }
}

#[derive(Deserialize)]
struct Described {
    version: Option<String>,
    model: DescribedModel,
}

#[derive(Deserialize)]
struct DescribedModel {
    r#type: Option<String>,
    unk_id: Option<u32>,
    #[serde(default)]
    byte_fallback: bool,
}
