//! Linear layers on integer or float weights, with what the graph does next: the bias, an activation function, a gate.

mod activation;
mod float;
mod layers;
mod merge;
mod operator;
mod packed;
mod quantized;
mod rounded;
mod static_quantized;

pub use activation::{fuse_function, fuse_gate, join_gate};
pub use float::fuse as fuse_float;
pub use layers::{FLOAT_KERNEL, LayerScratch, Layers, PreparedRows};
pub use merge::merge;
#[cfg(test)]
pub use operator::Function;
pub use operator::{Activation, LinearLayers, OutputColumns};
pub use packed::{slice_above_split, split};
pub use quantized::fuse as fuse_quantized;
pub use rounded::fuse as fuse_rounded;
pub use static_quantized::{drop_rounding, fuse as fuse_static};
