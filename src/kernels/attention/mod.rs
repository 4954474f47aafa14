//! Scaled dot-product attention, softmax(q·kᵀ·scale + mask + bias)·v, for the heads of one sequence. Disentangled
//! attention adds products with relative positions to the scores.
//! A window may hide keys; its cost is that of the keys that it shows.
//!
//! WebAssembly multiplies 16-bit integers three times as fast as floats, and the order of an integer sum does not
//! matter. So both matrix products run on integers of up to 16 bits; only the softmax between them is float.
//!
//! **No sum overflows.** Each vector x of a product is stored as integers round(s·x), with one scale s per vector. s
//! keeps the Euclidean norm of every `BLOCK` elements below √2³¹, so by the Cauchy-Schwarz inequality no dot product
//! of two blocks reaches 2³¹. Partial sums may wrap, which changes nothing modulo 2³². Sums of blocks are added as
//! floats. This keeps more bits of spread-out values than a bound by the largest element would. The vectors are the
//! rows of q and k, the columns of v and the rows of softmax. Softmax rounds e^(x − max) to integers; the result is
//! divided by the sum of these, so the weights of a row sum to exactly 1.

mod attend;
mod disentangled;
mod inputs;
mod pack;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod tile;

pub use attend::{AttentionScratch, MAX_KEYS, attention};
pub use disentangled::{Disentangled, PositionScores};
pub use inputs::{Bias, BiasRows, Inputs, LocalWindow};
pub use rows::Rows;
pub use table::PositionTable;
