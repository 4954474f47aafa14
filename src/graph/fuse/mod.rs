//! Replaces subgraphs by fused operators: the list of rewrites, their helpers, and a file or a folder for each operator.

pub mod attention;
mod broadcast;
mod embedding;
pub mod feed_forward;
mod first_token;
mod gelu;
pub mod layer_norm;
mod letters;
pub mod linear;
pub mod pattern;
mod positions;
mod product;
pub mod rewrite;
mod rounded_matrix;
pub mod rows;
pub mod self_attention;
pub mod stages;
#[cfg(test)]
mod testing;
pub mod weights;
