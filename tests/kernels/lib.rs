//! See the manifest.

#[path = "../../src/kernels/mod.rs"]
pub mod kernels;

#[cfg(test)]
mod benches;
