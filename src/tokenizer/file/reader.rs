//! The reader of a tokenizer file in either form, in chunks of any size.

use super::compact::{CompactReader, MAGIC, Sink, collect, write};
use super::json::JsonReader;
use super::parts::Parts;
use crate::error::{Error, ModelFile, Result};
use crate::foreign;
use crate::tokenizer::Tokenizer;

/// Reads a tokenizer file. It reports errors only at the end, when the caller has checked the file's size and hash.
#[derive(Debug)]
pub struct TokenizerReader {
    /// Size of the whole file, if known.
    size: Option<usize>,
    form: Form,
    failure: Option<Error>,
}

#[derive(Debug)]
enum Form {
    Unknown,
    Json(JsonReader),
    Compact(CompactReader),
}

impl TokenizerReader {
    /// `size` is the size of the whole file, if known.
    pub fn new(size: Option<usize>) -> Self {
        Self { size, form: Form::Unknown, failure: None }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let Some(first) = chunk.first().filter(|_| self.failure.is_none()) else { return };
        if let Form::Unknown = self.form {
            self.form = if *first == MAGIC[0] {
                Form::Compact(CompactReader::new(self.size))
            } else {
                Form::Json(JsonReader::new(self.size))
            };
        }
        let read = match &mut self.form {
            Form::Compact(reader) => reader.push(chunk),
            Form::Json(reader) => reader.push(chunk),
            Form::Unknown => Ok(()),
        };
        self.failure = read.err();
    }

    /// # Errors
    /// `invalid_model` for a damaged file, `unsupported_model` for a sound one that this engine does not run.
    pub fn finish(self) -> Result<Tokenizer> {
        self.into_parts()?.into_tokenizer()
    }

    /// Returns the tokenizer. If it came as JSON and has a compact form, that goes to `sink`.
    ///
    /// # Errors
    /// As [`finish`](Self::finish), and those of `sink`.
    pub fn finish_and_convert(self, sink: &mut Sink<'_>) -> Result<Tokenizer> {
        let is_compact = matches!(self.form, Form::Compact(_));
        let parts = self.into_parts()?;
        if !is_compact {
            write(&parts, sink)?;
        }
        parts.into_tokenizer()
    }

    /// # Errors
    /// As [`finish`](Self::finish).
    pub(in crate::tokenizer) fn into_parts(self) -> Result<Parts> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match self.form {
            Form::Compact(reader) => reader.finish(),
            Form::Json(reader) => Parts::from_json(reader.finish()?),
            Form::Unknown => Parts::from_json(JsonReader::new(None).finish()?),
        }
    }
}

impl Tokenizer {
    /// Reads a tokenizer in either form.
    ///
    /// # Errors
    /// `invalid_model` for bytes in neither form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        foreign::refuse(ModelFile::Tokenizer, bytes)?;
        let mut reader = TokenizerReader::new(Some(bytes.len()));
        reader.push(bytes);
        reader.finish()
    }
}

/// Returns the compact form of a `tokenizer.json`.
///
/// # Errors
/// `unsupported_model` if its model is no unigram model, `invalid_model` if it is no `tokenizer.json`.
pub fn compact_form(json: &[u8]) -> Result<Vec<u8>> {
    foreign::refuse(ModelFile::Tokenizer, json)?;
    let mut reader = TokenizerReader::new(Some(json.len()));
    reader.push(json);
    let mut bytes = Vec::new();
    reader.finish_and_convert(&mut |size, part| collect(&mut bytes, size, part))?;
    if bytes.is_empty() {
        return Err(Error::UnsupportedModel {
            file: ModelFile::Tokenizer,
            reason:
                "the file holds no unigram model, and no other kind has a compact form; use the tokenizer.json itself"
                    .to_owned(),
        });
    }
    Ok(bytes)
}
