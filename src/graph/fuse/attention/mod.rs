//! Scaled dot-product attention over all heads, without transposed copies.
//!
//! In the graph this is Reshape of query, key and value into heads, EinSum, Add of the mask, Softmax, EinSum, Reshape
//! back. Exporters differ in where they scale: the queries, the keys, both, or the scores. Some expand the mask to a
//! row for each query. Rotary positions stand in front of the product of queries and keys. A local window is a mask
//! that depends on the distance of query and key. A bias may depend on that distance, too, and disentangled attention
//! adds products with embeddings of it.

mod addends;
mod by_distance;
mod disentangled;
mod inputs;
mod operator;
mod places;
mod products;
mod rotary;
mod rule;
mod spread;
mod sums;
mod table_rows;
mod window;

#[cfg(test)]
pub use disentangled::{PositionProduct, PositionProducts};
#[cfg(test)]
pub use inputs::FurtherInputs;
pub use inputs::{SequenceInputs, Sizes};
pub use operator::Attention;
pub use rule::{fuse, spread_distances};
