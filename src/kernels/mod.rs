//! Numbers only: slices in, slices out. No tract, no JavaScript, no allocation in the hot path.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod linear;
pub mod pack;
mod tile;
