//! Numbers only: slices in, slices out. Nothing here knows tract, ONNX or JavaScript. No kernel allocates while it
//! works; the caller lends scratch values, which serve any number of calls.
//!
//! **The same bits everywhere.** Each kernel is written once, over `lanes::Lanes`, and every implementation of
//! these gives the same result. Kernels use no fused multiply-add, no inexact relaxed instruction and no `exp` or `erf`
//! of the host. Sums are of integers, where order does not matter, or have a fixed order. IEEE 754 and WebAssembly
//! leave the sign and payload of a NaN open, and so do kernels; a NaN never becomes a number.
//!
//! **Functions with a loop are small and called often**, once per row or tile. V8 starts every WebAssembly function in
//! its baseline compiler. It enters optimised code at the next call, so one long call would stay slow to its end.
//!
//! A kernel panics if lengths do not match, which is a defect of the caller. No value of an element makes it panic.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod attention;
pub mod float_linear;
pub mod functions;
mod lanes;
pub mod linear;
pub mod reference;
#[cfg(test)]
mod same_bits;
#[cfg(test)]
mod testing;
pub mod warm_up;
