//! Takes a tokenizer file in chunks.

use super::{JsonReader, Tokenizer};
use crate::error::{Error, Result};

/// Whatever is wrong with the file is told at the end, when the caller knows whether it is the right file at all.
#[derive(Debug)]
pub struct TokenizerReader {
    json: JsonReader,
    failure: Option<Error>,
}

impl TokenizerReader {
    /// `size` is that of the whole file, where it is known.
    pub fn new(size: Option<usize>) -> Self {
        Self { json: JsonReader::new(size), failure: None }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.json.push(chunk).err();
        }
    }

    /// # Errors
    /// `invalid_model` for a damaged file, `unsupported_model` for a sound one that is beyond this engine.
    pub fn finish(self) -> Result<Tokenizer> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Tokenizer::from_parts(self.json.finish()?),
        }
    }
}
