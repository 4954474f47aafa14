//! Integer dot products of a few rows of activations with one panel of weights, where an engine spends most of its
//! time.
//!
//! Every variant returns the same integers. The inner loop is a separate function, called for every tile: V8 enters
//! optimised code at the next call only.

#[cfg(target_arch = "wasm32")]
pub mod extmul;
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub mod relaxed;
#[cfg(any(test, not(target_arch = "wasm32")))]
pub mod scalar;
#[cfg(target_arch = "wasm32")]
pub mod simd128;
#[cfg(target_arch = "x86_64")]
pub mod sse2;

#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
pub use scalar as wide;
#[cfg(target_arch = "wasm32")]
pub use simd128 as wide;
#[cfg(target_arch = "x86_64")]
pub use sse2 as wide;

use super::panels::PANEL_COLUMNS;

/// Rows of activations in one tile. 3 rows of 12 columns need 9 accumulators; more would spill. The 16-bit dot needs
/// one register more for each product, and V8 spills 9 accumulators from version 13 on.
pub const TILE_ROWS: usize = if cfg!(all(target_arch = "wasm32", not(feature = "relaxed-simd"))) { 2 } else { 3 };

/// Dot products of the rows of a tile with the columns of a panel.
pub type Dots = [[i32; PANEL_COLUMNS]; TILE_ROWS];

#[cfg(test)]
mod tests;
