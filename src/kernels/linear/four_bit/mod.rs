//! Weights of four bits, and how they become the seven-bit codes that the dot kernels read.
//!
//! In each column, [`BLOCK_ROWS`] rows share one of the matrix's tables of 16 seven-bit codes; a weight is a place in that
//! table. So the levels may lie where the weights are, and unpacking is a look-up: exact, whatever does it.
//!
//! Layout: panels of [`PANEL_COLUMNS`] columns; in a panel, blocks of [`BLOCK_ROWS`] rows; in a block, for each column the
//! number of its table, then for each column 16 bytes, of which byte i holds row i in its low half and row i + 16 in its
//! high half. What fills the last block up stands for any weight: activations are 0 there.

use super::pack::{Encoding, GROUP_ROWS, PANEL_COLUMNS, PackedMatrix};
use super::tile::GROUP_WEIGHTS;

#[cfg(any(test, not(target_arch = "wasm32")))]
mod scalar;
#[cfg(target_arch = "wasm32")]
mod simd128;

#[cfg(not(target_arch = "wasm32"))]
use scalar as fastest;
#[cfg(target_arch = "wasm32")]
use simd128 as fastest;

/// Seven-bit codes, weight + 64, by four-bit weight.
pub type Table = [u8; 16];

/// Rows of a column that share a table.
pub const BLOCK_ROWS: usize = 32;

/// Most tables that a matrix can have.
pub const MAX_TABLES: usize = 256;

const COLUMN_BYTES: usize = BLOCK_ROWS / 2;
/// Bytes of one block of one panel.
pub const BLOCK_BYTES: usize = PANEL_COLUMNS * (1 + COLUMN_BYTES);
const BLOCK_GROUPS: usize = BLOCK_ROWS / GROUP_ROWS;

/// Bytes of one panel of a matrix with that many rows.
pub fn panel_bytes(rows: usize) -> usize {
    rows.div_ceil(BLOCK_ROWS) * BLOCK_BYTES
}

/// Writes the seven-bit codes of a panel, as [`Encoding::SevenBit`] has them, to `codes`: whole groups, as many as the
/// panel has rows for.
///
/// # Panics
/// For slices that do not belong to one number of rows, and for a table that is not there.
pub fn unpack_panel(panel: &[u8], tables: &[Table], codes: &mut [u8]) {
    let groups = codes.len() / GROUP_WEIGHTS;
    assert!(codes.len().is_multiple_of(GROUP_WEIGHTS) && panel.len() == panel_bytes(groups * GROUP_ROWS));
    for (block, codes) in panel.chunks_exact(BLOCK_BYTES).zip(codes.chunks_mut(BLOCK_GROUPS * GROUP_WEIGHTS)) {
        let (numbers, weights) = block.split_at(PANEL_COLUMNS);
        for (column, (&number, weights)) in numbers.iter().zip(weights.as_chunks().0).enumerate() {
            fastest::unpack_column(weights, &tables[usize::from(number)], column, codes);
        }
    }
}

/// Packs a matrix. `weights` are its places in the tables, row after row, one byte each; `numbers` those of the tables,
/// one for each column of each block of rows, block after block. `None` where there is no memory for it.
///
/// # Panics
/// For other numbers of weights or table numbers than the shape asks for, and for values that are out of range.
pub fn pack(rows: usize, columns: usize, tables: &[Table], weights: &[u8], numbers: &[u8]) -> Option<PackedMatrix> {
    assert_eq!(weights.len(), rows * columns, "one weight for each place");
    assert_eq!(numbers.len(), rows.div_ceil(BLOCK_ROWS) * columns, "one table for each column of each block");
    assert!(tables.len() <= MAX_TABLES && tables.as_flattened().iter().all(|&code| code < 128), "seven-bit codes");
    let panels = columns.div_ceil(PANEL_COLUMNS);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(panels * panel_bytes(rows)).ok()?;
    let mut column_sums = vec![0; panels * PANEL_COLUMNS];
    for first in (0..columns).step_by(PANEL_COLUMNS) {
        for start in (0..rows).step_by(BLOCK_ROWS) {
            let numbers = &numbers[start / BLOCK_ROWS * columns..][..columns];
            let number = |column: usize| numbers.get(column).copied().unwrap_or(0);
            bytes.extend((first..first + PANEL_COLUMNS).map(number));
            for column in first..first + PANEL_COLUMNS {
                let weight =
                    |row: usize| if row < rows && column < columns { weights[row * columns + column] } else { 0 };
                for row in start..start + COLUMN_BYTES {
                    let (low, high) = (weight(row), weight(row + COLUMN_BYTES));
                    assert!(low < 16 && high < 16, "four bits");
                    bytes.push(low | high << 4);
                }
                let table = &tables[usize::from(number(column))];
                let codes = (start..rows.min(start + BLOCK_ROWS)).map(|row| table[usize::from(weight(row))]);
                column_sums[column] += codes.map(|code| i32::from(code) - 64).sum::<i32>();
            }
        }
    }
    column_sums[columns..].fill(0);
    Some(PackedMatrix {
        rows,
        columns,
        encoding: Encoding::FourBit,
        bytes,
        column_sums,
        negated: vec![false; columns],
        corrections: Vec::new(),
        tables: tables.to_vec(),
    })
}

#[cfg(test)]
mod tests;
