//! Float weights to integers of seven bits, and these to four bits: rounding to nearest, GPTQ, outlier channel splitting.

pub(super) mod compensation;
mod four_bit;
mod gptq;
mod moments;
mod nearest;
mod outlier_splitting;
pub(super) mod precision;
mod quantization;

pub use quantization::Quantization;
