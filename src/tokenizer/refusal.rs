//! The errors of a `tokenizer.json`.

use crate::error::{Error, ModelFile, Result};

pub fn malformed(error: serde_json::Error) -> Error {
    damaged(&error.to_string())
}

pub fn damaged(reason: &str) -> Error {
    invalid(format!("the file is not a tokenizer.json: {reason}"))
}

pub fn unsound(error: tokenizers::Error) -> Error {
    invalid(format!("its parts do not fit together: {error}"))
}

/// # Errors
/// `invalid_model` for another version of the format than the engine reads.
pub fn check_version(version: Option<&str>) -> Result<()> {
    match version {
        None | Some("1.0") => Ok(()),
        Some(version) => Err(damaged(&format!("its version is {version:?}; this engine reads \"1.0\""))),
    }
}

fn invalid(reason: String) -> Error {
    Error::InvalidModel { file: ModelFile::Tokenizer, reason }
}
