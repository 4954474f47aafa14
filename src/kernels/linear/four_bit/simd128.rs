//! wasm SIMD: sixteen look-ups in one instruction.

use core::arch::wasm32::*;

use crate::kernels::linear::panels::{
    BLOCK_COLUMN_BYTES, BLOCK_GROUPS, CodeTable, GROUP_ROWS, GROUP_WEIGHTS, PANEL_COLUMNS,
};

/// Writes the codes of one column of a block to their places in whole groups; the last block may have fewer groups.
pub fn unpack_column(weights: &[u8; BLOCK_COLUMN_BYTES], table: &CodeTable, column: usize, codes: &mut [u8]) {
    // SAFETY: both are 16 bytes.
    let (weights, table) = unsafe { (v128_load(weights.as_ptr().cast()), v128_load(table.as_ptr().cast())) };
    let low = u8x16_swizzle(table, v128_and(weights, u8x16_splat(15)));
    let high = u8x16_swizzle(table, u8x16_shr(weights, 4));
    if codes.len() == BLOCK_GROUPS * GROUP_WEIGHTS && column < PANEL_COLUMNS {
        // SAFETY: the last of the 8 groups of 48 codes begins at 7 × 48, and 4 × column + 4 is at most 48.
        unsafe {
            let codes = codes.as_mut_ptr().add(column * GROUP_ROWS);
            store_groups(low, codes);
            store_groups(high, codes.add(BLOCK_GROUPS / 2 * GROUP_WEIGHTS));
        }
        return;
    }
    let mut unpacked = [0; 2 * BLOCK_COLUMN_BYTES];
    // SAFETY: `unpacked` has 32 bytes.
    unsafe {
        v128_store(unpacked.as_mut_ptr().cast(), low);
        v128_store(unpacked.as_mut_ptr().add(BLOCK_COLUMN_BYTES).cast(), high);
    }
    for (codes, unpacked) in codes.chunks_exact_mut(GROUP_WEIGHTS).zip(unpacked.chunks_exact(GROUP_ROWS)) {
        codes[column * GROUP_ROWS..][..GROUP_ROWS].copy_from_slice(unpacked);
    }
}

/// # Safety
/// The 4 bytes at `codes`, and those 1, 2 and 3 groups behind it, are valid for writes.
#[inline(always)]
unsafe fn store_groups(unpacked: v128, codes: *mut u8) {
    // SAFETY: the caller guarantees it.
    unsafe {
        v128_store32_lane::<0>(unpacked, codes.cast());
        v128_store32_lane::<1>(unpacked, codes.add(GROUP_WEIGHTS).cast());
        v128_store32_lane::<2>(unpacked, codes.add(2 * GROUP_WEIGHTS).cast());
        v128_store32_lane::<3>(unpacked, codes.add(3 * GROUP_WEIGHTS).cast());
    }
}
