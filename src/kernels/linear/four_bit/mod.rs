//! Unpacks weights of four bits to the seven-bit codes that the dot kernels read.

#[cfg(any(test, not(target_arch = "wasm32")))]
mod scalar;
#[cfg(target_arch = "wasm32")]
mod simd128;

#[cfg(not(target_arch = "wasm32"))]
use scalar as fastest;
#[cfg(target_arch = "wasm32")]
use simd128 as fastest;

use super::panels::{BLOCK_BYTES, BLOCK_GROUPS, CodeTable, Encoding, GROUP_ROWS, GROUP_WEIGHTS, PANEL_COLUMNS};

/// Writes the seven-bit codes of a panel to `codes`, as [`Encoding::SevenBit`] has them. `codes` holds whole groups, as
/// many as the panel has rows for.
///
/// # Panics
/// If the lengths of the slices stand for different numbers of rows, or a table is missing.
pub fn unpack_panel(panel: &[u8], tables: &[CodeTable], codes: &mut [u8]) {
    let groups = codes.len() / GROUP_WEIGHTS;
    assert!(
        codes.len().is_multiple_of(GROUP_WEIGHTS) && panel.len() == Encoding::FourBit.panel_bytes(groups * GROUP_ROWS)
    );
    for (block, codes) in panel.chunks_exact(BLOCK_BYTES).zip(codes.chunks_mut(BLOCK_GROUPS * GROUP_WEIGHTS)) {
        let (numbers, weights) = block.split_at(PANEL_COLUMNS);
        for (column, (&number, weights)) in numbers.iter().zip(weights.as_chunks().0).enumerate() {
            fastest::unpack_column(weights, &tables[usize::from(number)], column, codes);
        }
    }
}

#[cfg(test)]
mod tests;
