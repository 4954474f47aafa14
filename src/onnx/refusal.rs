//! Errors of the model file, and how they get the name of the tensor or node they are about.

use crate::error::{Error, MemoryUse, ModelFile};

/// What an ONNX file needs memory for.
pub const MODEL: MemoryUse = MemoryUse::File(ModelFile::Model);

pub fn invalid(reason: String) -> Error {
    Error::InvalidModel { file: ModelFile::Model, reason }
}

pub fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { file: ModelFile::Model, reason }
}

pub fn no_memory(bytes: usize) -> Error {
    Error::OutOfMemory { purpose: MODEL, bytes }
}

/// The same error, said of `place`.
pub fn within(place: impl std::fmt::Display, error: Error) -> Error {
    match error {
        Error::InvalidModel { reason, .. } => invalid(format!("{place}: {reason}")),
        Error::UnsupportedModel { reason, .. } => unsupported(format!("{place}: {reason}")),
        other => other,
    }
}
