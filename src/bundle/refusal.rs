//! Errors of the bundle file.

use crate::error::{Error, ModelFile};

pub fn invalid(reason: impl Into<String>) -> Error {
    Error::InvalidModel { file: ModelFile::Bundle, reason: reason.into() }
}
