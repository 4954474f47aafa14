//! The reference implementation.

use crate::kernels::linear::panels::{BLOCK_COLUMN_BYTES, BLOCK_ROWS, CodeTable, GROUP_ROWS, GROUP_WEIGHTS};

/// Writes the codes of one column of a block to their places in whole groups; the last block may have fewer groups.
pub fn unpack_column(weights: &[u8; BLOCK_COLUMN_BYTES], table: &CodeTable, column: usize, codes: &mut [u8]) {
    for (index, codes) in codes.chunks_exact_mut(GROUP_WEIGHTS).enumerate() {
        for (lane, code) in codes[column * GROUP_ROWS..][..GROUP_ROWS].iter_mut().enumerate() {
            let row = index * GROUP_ROWS + lane;
            let byte = weights[row % BLOCK_COLUMN_BYTES];
            let weight = if row < BLOCK_ROWS / 2 { byte & 15 } else { byte >> 4 };
            *code = table[usize::from(weight)];
        }
    }
}
