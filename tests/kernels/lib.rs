//! The kernels without the rest of the crate. The manifest says why.

#[path = "../../src/kernels/mod.rs"]
pub mod kernels;

#[cfg(test)]
mod benches;
