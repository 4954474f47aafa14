//! An ONNX file with float weights: an index of its parts, and its graph in the form of onnxruntime's dynamic
//! quantisation.
//!
//! The converter reads one matrix or a few rows at a time, so a file of any size fits.

pub(super) mod index;
mod joined;
pub(super) mod layers;
pub(super) mod nodes;

pub use index::File;
use index::{Index, Use};
pub use joined::{Open, join};

use crate::error::Result;

/// Returns true for a file with a float matrix that could have fewer bits.
///
/// # Errors
/// `invalid_model` for a damaged file, `unsupported_model` for one that the converter does not read, `out_of_memory`.
pub fn has_float_weights(file: &mut dyn File) -> Result<bool> {
    let index = Index::read(file)?;
    Ok(nodes::uses(&index)?.values().any(|kind| matches!(kind, Use::Matrix | Use::TransposedMatrix)))
}
