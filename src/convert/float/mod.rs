//! An ONNX file with float weights: where its parts are, and its graph as onnxruntime's dynamic quantisation writes it.
//!
//! The file is read where it is needed, one matrix or a few rows at a time; its size does not matter.

pub(super) mod index;
pub(super) mod layers;
pub(super) mod nodes;

pub use index::File;
use index::{Index, Use};

use crate::error::Result;

/// True of a file with a float matrix that could have fewer bits.
///
/// # Errors
/// `invalid_model`, `unsupported_model` and `out_of_memory` for what is wrong with the file.
pub fn has_float_weights(file: &mut dyn File) -> Result<bool> {
    let index = Index::read(file)?;
    Ok(nodes::uses(&index)?.values().any(|kind| matches!(kind, Use::Matrix | Use::TransposedMatrix)))
}
