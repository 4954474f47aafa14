//! Rounding of float weights to seven bits, and of these to four: to nearest, by GPTQ, with outlier channel splitting.

pub(super) mod compensation;
mod four_bit;
mod gptq;
mod moments;
mod nearest;
mod outlier_splitting;
pub(super) mod precision;
mod quantization;

pub use quantization::Quantization;
