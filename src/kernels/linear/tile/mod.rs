//! Integer dot products of a few rows of activations with one panel of weights, where an engine spends most of its
//! time.
//!
//! Every variant returns the same integers. The inner loop is a separate function, called for every tile: V8 enters
//! optimised code at the next call only.

#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub mod relaxed;
#[cfg(any(test, not(target_arch = "wasm32")))]
pub mod scalar;
#[cfg(target_arch = "wasm32")]
pub mod simd128;

#[cfg(not(target_arch = "wasm32"))]
pub use scalar as wide;
#[cfg(target_arch = "wasm32")]
pub use simd128 as wide;

use super::panels::PANEL_COLUMNS;

/// Rows of activations in one tile. 3 rows of 12 columns need 9 accumulators; more would spill. The 16-bit dot needs
/// one register more for each product, and V8 spills 9 accumulators from version 13 on.
pub const TILE_ROWS: usize = if cfg!(all(target_arch = "wasm32", not(feature = "relaxed-simd"))) { 2 } else { 3 };

/// The operands with which the dot of eight-bit weights is fastest and exact on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EightBitDot {
    /// Activations and weights widened to 16 bits.
    Wide,
    /// The weights as they are stored. The relaxed dot reads both operands as signed: ARM, x86 with AVX-VNNI-INT8.
    #[cfg_attr(not(all(target_arch = "wasm32", feature = "relaxed-simd")), expect(dead_code))]
    Signed,
    /// The weights plus 128. The relaxed dot reads its second operand as unsigned: x86 with AVX-VNNI.
    Unsigned,
}

impl EightBitDot {
    /// Finds the operands by the results of the relaxed dot on extreme values in every lane.
    pub fn probe() -> Self {
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        return relaxed::probe_eight_bits();
        #[cfg(not(all(target_arch = "wasm32", feature = "relaxed-simd")))]
        Self::Wide
    }

    /// Difference between a code that the dot reads and the stored weight.
    pub fn offset(self) -> i32 {
        if self == Self::Unsigned { 128 } else { 0 }
    }
}

/// Writes the weights of a panel plus 128 to `codes`, which has the length of `panel`.
pub fn add_128(panel: &[u8], codes: &mut [u8]) {
    for (code, &weight) in codes.iter_mut().zip(panel) {
        *code = weight ^ 0x80;
    }
}

/// Dot products of the rows of a tile with the columns of a panel.
pub type Dots = [[i32; PANEL_COLUMNS]; TILE_ROWS];

#[cfg(test)]
mod tests;
