//! Numbers only: slices in, slices out. Nothing here knows tract, ONNX or JavaScript, and nothing allocates while it works;
//! where a kernel needs room of its own, the caller lends it a scratch value that is used again and again.
//!
//! **The same bits everywhere.** Each kernel is written once, over [`Lanes`](lanes::Lanes), and its result does not depend
//! on what implements them: no fused multiply-add, no relaxed instruction, no `exp` or `erf` of the host; sums have a fixed
//! order, or are sums of integers, where order does not matter. Only the sign and payload of a NaN are left open, as IEEE
//! 754 and WebAssembly leave them open, and no NaN becomes a number.
//!
//! **Functions that hold a loop are small and called often** (once per row or tile). V8 starts every WebAssembly function in
//! its baseline compiler and enters optimised code only at the next call, so one long call would stay slow to its end.
//!
//! Lengths that do not match are a defect of the caller, and panic; no value of an element does.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod attention;
pub mod functions;
mod lanes;
pub mod linear;
pub mod reference;
#[cfg(test)]
mod same_bits;
#[cfg(test)]
mod testing;
pub mod warm_up;
