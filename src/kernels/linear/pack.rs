//! Packs int8 weight matrices into the form that the dot kernels read, while the bytes arrive.

use std::collections::TryReserveError;

use super::matrix::{PackedMatrix, position};
use super::panels::{
    BLOCK_COLUMN_BYTES, BLOCK_ROWS, CodeTable, Encoding, GROUP_ROWS, GROUP_WEIGHTS, MAX_TABLES, PANEL_COLUMNS,
};

/// Receives a matrix row by row, in chunks of any size, and packs it in its final place.
#[derive(Debug)]
pub struct Packer {
    rows: usize,
    columns: usize,
    /// Number of weights that are packed.
    packed: usize,
    /// The first weights of the next group of rows, until the group is complete.
    partial: Vec<u8>,
    bytes: Vec<u8>,
    column_sums: Vec<i32>,
    lowest: Vec<i8>,
    highest: Vec<i8>,
    negated: Vec<bool>,
}

impl Packer {
    /// # Errors
    /// If memory for the matrix is not available.
    pub fn new(rows: usize, columns: usize) -> Result<Self, TryReserveError> {
        let padded_columns = columns.div_ceil(PANEL_COLUMNS).saturating_mul(PANEL_COLUMNS);
        let padded_rows = rows.div_ceil(GROUP_ROWS).saturating_mul(GROUP_ROWS);
        let mut partial = Vec::new();
        partial.try_reserve_exact(columns.saturating_mul(GROUP_ROWS.min(rows)))?;
        Ok(Self {
            rows,
            columns,
            packed: 0,
            partial,
            bytes: filled(0, padded_rows.saturating_mul(padded_columns))?,
            column_sums: filled(0, padded_columns)?,
            lowest: filled(0, columns)?,
            highest: filled(0, columns)?,
            negated: filled(false, columns)?,
        })
    }

    /// Number of weights that have not arrived.
    pub fn missing(&self) -> usize {
        self.rows * self.columns - self.packed - self.partial.len()
    }

    /// Receives the next weights in row-major order, as bytes in two's complement.
    ///
    /// # Panics
    /// If there are more than [`missing`](Self::missing).
    pub fn push(&mut self, mut weights: &[u8]) {
        assert!(weights.len() <= self.missing(), "more weights arrived than the matrix has");
        while !weights.is_empty() {
            let group = (self.rows * self.columns - self.packed).min(GROUP_ROWS * self.columns);
            if self.partial.is_empty() && weights.len() >= group {
                let (now, later) = weights.split_at(group);
                self.push_group(now);
                weights = later;
                continue;
            }
            let (now, later) = weights.split_at(weights.len().min(group - self.partial.len()));
            self.partial.extend_from_slice(now);
            weights = later;
            if self.partial.len() == group {
                let mut partial = std::mem::take(&mut self.partial);
                self.push_group(&partial);
                partial.clear();
                self.partial = partial;
            }
        }
    }

    /// Packs the next [`GROUP_ROWS`] rows, or the last rows if fewer remain.
    fn push_group(&mut self, weights: &[u8]) {
        for row in weights.chunks_exact(self.columns) {
            self.gather_statistics(row);
        }
        let groups = self.rows.div_ceil(GROUP_ROWS);
        let group = self.packed / (GROUP_ROWS * self.columns);
        let offsets = (group * GROUP_WEIGHTS..).step_by(groups * GROUP_WEIGHTS);
        if weights.len() == GROUP_ROWS * self.columns {
            let (first, second) = weights.split_at(2 * self.columns);
            let ((row0, row1), (row2, row3)) = (first.split_at(self.columns), second.split_at(self.columns));
            for (start, offset) in (0..self.columns).step_by(PANEL_COLUMNS).zip(offsets) {
                let end = self.columns.min(start + PANEL_COLUMNS);
                let packed = &mut self.bytes[offset..][..GROUP_WEIGHTS];
                interleave(packed, [&row0[start..end], &row1[start..end], &row2[start..end], &row3[start..end]]);
            }
        } else {
            for (row, weights) in weights.chunks_exact(self.columns).enumerate() {
                for (weights, offset) in weights.chunks(PANEL_COLUMNS).zip(offsets.clone()) {
                    for (column, &weight) in weights.iter().enumerate() {
                        self.bytes[offset + column * GROUP_ROWS + row] = weight;
                    }
                }
            }
        }
        self.packed += weights.len();
    }

    fn gather_statistics(&mut self, row: &[u8]) {
        for (sum, &weight) in self.column_sums.iter_mut().zip(row) {
            *sum += i32::from(weight as i8);
        }
        for (lowest, &weight) in self.lowest.iter_mut().zip(row) {
            *lowest = (*lowest).min(weight as i8);
        }
        for (highest, &weight) in self.highest.iter_mut().zip(row) {
            *highest = (*highest).max(weight as i8);
        }
    }

    /// Returns the packed matrix.
    ///
    /// # Panics
    /// If weights are [`missing`](Self::missing).
    pub fn finish(self) -> PackedMatrix {
        assert_eq!(self.missing(), 0, "weights of the matrix are missing");
        let mut packed = PackedMatrix {
            rows: self.rows,
            columns: self.columns,
            encoding: Encoding::EightBit,
            bytes: self.bytes,
            column_sums: self.column_sums,
            negated: self.negated,
            corrections: Vec::new(),
            tables: Vec::new(),
        };
        let fits = self.lowest.iter().all(|&lowest| lowest >= -64) && self.highest.iter().all(|&highest| highest <= 64);
        if fits && let Some(corrections) = find_corrections(&packed, &self.lowest, &self.highest) {
            packed.encoding = Encoding::SevenBit;
            packed.corrections = corrections;
            encode_seven_bits(&mut packed, &self.lowest, &self.highest);
        }
        packed
    }
}

/// Packs a matrix of four-bit weights. `weights` are indices into the tables, row after row, one byte each. `numbers`
/// are those of the tables, one for each column of each block of rows, block after block. Returns `None` if memory for
/// the matrix is not available.
///
/// # Panics
/// If the shape needs other numbers of weights or tables, or a value is out of range.
pub fn pack_four_bits(
    rows: usize,
    columns: usize,
    tables: &[CodeTable],
    weights: &[u8],
    numbers: &[u8],
) -> Option<PackedMatrix> {
    assert_eq!(weights.len(), rows * columns, "a matrix needs one weight for each place");
    assert_eq!(numbers.len(), rows.div_ceil(BLOCK_ROWS) * columns, "each column of each block needs one table");
    assert!(
        tables.len() <= MAX_TABLES && tables.as_flattened().iter().all(|&code| code < 128),
        "codes in tables need 7 bits"
    );
    let panels = columns.div_ceil(PANEL_COLUMNS);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(panels * Encoding::FourBit.panel_bytes(rows)).ok()?;
    let mut column_sums = vec![0; panels * PANEL_COLUMNS];
    for first in (0..columns).step_by(PANEL_COLUMNS) {
        for start in (0..rows).step_by(BLOCK_ROWS) {
            let numbers = &numbers[start / BLOCK_ROWS * columns..][..columns];
            let number = |column: usize| numbers.get(column).copied().unwrap_or(0);
            bytes.extend((first..first + PANEL_COLUMNS).map(number));
            for column in first..first + PANEL_COLUMNS {
                let weight =
                    |row: usize| if row < rows && column < columns { weights[row * columns + column] } else { 0 };
                for row in start..start + BLOCK_COLUMN_BYTES {
                    let (low, high) = (weight(row), weight(row + BLOCK_COLUMN_BYTES));
                    assert!(low < 16 && high < 16, "a weight needs at most 4 bits");
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

fn filled<T: Clone>(value: T, length: usize) -> Result<Vec<T>, TryReserveError> {
    let mut values = Vec::new();
    values.try_reserve_exact(length)?;
    values.resize(length, value);
    Ok(values)
}

/// Stores column after column, with its rows side by side.
fn interleave(packed: &mut [u8], rows: [&[u8]; GROUP_ROWS]) {
    let [row0, row1, row2, row3] = rows;
    let (columns, _) = packed.as_chunks_mut::<GROUP_ROWS>();
    for ((((column, &a), &b), &c), &d) in columns.iter_mut().zip(row0).zip(row1).zip(row2).zip(row3) {
        *column = [a, b, c, d];
    }
}

/// Lists the weights +64 of columns that hold −64 too. Returns `None` if the list would take more than half of the
/// matrix, or memory for it is not available.
fn find_corrections(packed: &PackedMatrix, lowest: &[i8], highest: &[i8]) -> Option<Vec<(u32, u32)>> {
    let groups = packed.groups();
    let most = packed.rows * packed.columns / 16 + 16;
    let mut corrections = Vec::new();
    for column in (0..packed.columns).filter(|&column| lowest[column] == -64 && highest[column] == 64) {
        for row in (0..packed.rows).filter(|&row| packed.bytes[position(groups, row, column)] == 64) {
            if corrections.len() == most || corrections.try_reserve(1).is_err() {
                return None;
            }
            corrections.push((column as u32, row as u32));
        }
    }
    Some(corrections)
}

fn encode_seven_bits(packed: &mut PackedMatrix, lowest: &[i8], highest: &[i8]) {
    let groups = packed.groups();
    for &(column, row) in &packed.corrections {
        packed.bytes[position(groups, row as usize, column as usize)] = 63;
        packed.column_sums[column as usize] -= 1;
    }
    for column in (0..packed.columns).filter(|&column| lowest[column] > -64 && highest[column] == 64) {
        packed.negated[column] = true;
        packed.column_sums[column] = -packed.column_sums[column];
    }
    let panels = packed.bytes.chunks_exact_mut((groups * GROUP_WEIGHTS).max(1));
    for (panel, negated) in panels.zip(packed.negated.chunks(PANEL_COLUMNS)) {
        // In two's complement -w is (w ^ -1) - -1, and w is (w ^ 0) - 0.
        let mut signs = [0; GROUP_WEIGHTS];
        for (signs, &negated) in signs.chunks_exact_mut(GROUP_ROWS).zip(negated) {
            signs.fill(if negated { 0xff } else { 0 });
        }
        let (groups, _) = panel.as_chunks_mut::<GROUP_WEIGHTS>();
        for group in groups {
            for (byte, sign) in group.iter_mut().zip(signs) {
                *byte = (*byte ^ sign).wrapping_sub(sign).wrapping_add(64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::test;

    fn pack(rows: usize, columns: usize, weights: &[i8], chunk: usize) -> PackedMatrix {
        let bytes: Vec<u8> = weights.iter().map(|&weight| weight as u8).collect();
        let mut packer = Packer::new(rows, columns).unwrap();
        for chunk in bytes.chunks(chunk) {
            packer.push(chunk);
        }
        packer.finish()
    }

    fn weights(rows: usize, columns: usize, low: i32, high: i32) -> Vec<i8> {
        let mut state = 7u32;
        (0..rows * columns)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (low + (state >> 8) as i32 % (high - low + 1)) as i8
            })
            .collect()
    }

    #[test]
    fn every_weight_comes_back_whatever_the_chunks() {
        for (rows, columns) in [(1, 1), (3, 12), (4, 13), (5, 11), (16, 24), (7, 37)] {
            for (low, high, encoding) in [(-64, 64, Encoding::SevenBit), (-128, 127, Encoding::EightBit)] {
                let mut weights = weights(rows, columns, low, high);
                weights[0] = low as i8;
                let packed = pack(rows, columns, &weights, 5);
                assert_eq!(packed, pack(rows, columns, &weights, weights.len()));
                assert_eq!(packed.encoding(), encoding);
                for row in 0..rows {
                    for column in 0..columns {
                        assert_eq!(packed.weight(row, column), i32::from(weights[row * columns + column]));
                    }
                }
                assert!(packed.unpack().iter().map(|&byte| byte as i8).eq(weights));
            }
        }
    }

    #[test]
    fn stored_bytes_fit_seven_bits_and_the_sums_are_those_of_the_stored_weights() {
        let (rows, columns) = (9, 14);
        let packed = pack(rows, columns, &weights(rows, columns, -64, 64), 1);
        for (index, panel) in packed.panels().enumerate() {
            assert!(panel.iter().all(|&byte| byte <= 127));
            for column in 0..PANEL_COLUMNS {
                let sum: i32 = panel
                    .chunks_exact(GROUP_WEIGHTS)
                    .flat_map(|group| &group[column * GROUP_ROWS..][..GROUP_ROWS])
                    .map(|&byte| i32::from(byte) - 64)
                    .sum();
                assert_eq!(packed.column_sums()[index * PANEL_COLUMNS + column], sum);
            }
        }
    }

    #[test]
    fn the_largest_weight_negates_a_column_or_is_corrected() {
        let packed = pack(3, 3, &[64, 64, -64, 0, -64, -64, 63, 64, 5], 9);
        assert_eq!(packed.negated(), [true, false, false]);
        assert_eq!(packed.corrections(), [(1, 0), (1, 2)]);
    }

    #[test]
    fn a_matrix_of_little_but_extremes_is_not_corrected() {
        let weights: Vec<i8> = (0..40).map(|index| if index % 4 < 2 { 64 } else { -64 }).collect();
        let packed = pack(20, 2, &weights, 7);
        assert_eq!((packed.encoding(), packed.corrections()), (Encoding::EightBit, &[][..]));
        assert_eq!(packed.weight(0, 1), 64);
    }
}
