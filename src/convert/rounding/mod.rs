//! How weights are rounded.

pub(super) mod compensation;
mod four_bit;
mod gptq;
mod moments;
mod nearest;
mod outlier_splitting;
pub(super) mod precision;
mod quantization;

pub use quantization::Quantization;
