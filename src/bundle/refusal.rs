//! Errors of the bundle file.

use crate::error::{Error, MemoryUse, ModelFile};

pub fn invalid(reason: impl Into<String>) -> Error {
    Error::InvalidModel { file: ModelFile::Bundle, reason: reason.into() }
}

pub fn no_memory(bytes: usize) -> Error {
    Error::OutOfMemory { purpose: MemoryUse::File(ModelFile::Bundle), bytes }
}
