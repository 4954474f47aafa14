//! Errors of the model file, and the step that adds the name of a tensor or node to them.

use crate::error::{Error, MemoryUse, ModelFile};

/// The purpose of memory for an ONNX file.
pub const MODEL: MemoryUse = MemoryUse::File(ModelFile::Model);

pub fn invalid(reason: String) -> Error {
    Error::InvalidModel { file: ModelFile::Model, reason }
}

pub fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { file: ModelFile::Model, reason }
}

/// For a file in another form than those that run.
pub fn unsupported_form(reason: String) -> Error {
    Error::UnsupportedForm { file: ModelFile::Model, reason }
}

pub fn no_memory(bytes: usize) -> Error {
    Error::OutOfMemory { purpose: MODEL, bytes }
}

/// Puts `place` before the reason of an error.
pub fn within(place: impl std::fmt::Display, error: Error) -> Error {
    match error {
        Error::InvalidModel { reason, .. } => invalid(format!("{place}: {reason}")),
        Error::UnsupportedModel { reason, .. } => unsupported(format!("{place}: {reason}")),
        Error::UnsupportedForm { reason, .. } => unsupported_form(format!("{place}: {reason}")),
        other => other,
    }
}
