//! Int8 weight matrices in the layout that the dot kernels read, filled while the bytes arrive.
//!
//! The relaxed SIMD dot `i32x4_relaxed_dot_i8x16_i7x16_add` is exact on every engine as long as its second operand fits
//! 7 bits. Weights quantised with onnxruntime's `reduce_range` lie in −64..=64, so they are stored as w + 64. That leaves
//! +64 one too large. A column that holds it but not −64 is negated, and its scale with it; one that holds both stores 63
//! in its place and lists the rows where 1 is missing. A matrix with any weight outside −64..=64, or with so many of these
//! that listing them does not pay, keeps its bytes as they are and is for the 16-bit dot.
//!
//! Layout: panels of [`PANEL_COLUMNS`] columns; in a panel, groups of [`GROUP_ROWS`] rows; in a group, column after
//! column with its rows side by side. Rows and columns that fill the last group and panel up hold the weight 0.

use std::collections::TryReserveError;

use super::four_bit::{self, Table};

/// Columns that one tile of the dot kernel computes.
pub const PANEL_COLUMNS: usize = 12;
/// Rows that one lane of the dot product takes at once.
pub const GROUP_ROWS: usize = 4;

const GROUP_BYTES: usize = PANEL_COLUMNS * GROUP_ROWS;

/// How the bytes of a [`PackedMatrix`] stand for weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Weight + 64, in 0..=127.
    SevenBit,
    /// The weight in two's complement.
    EightBit,
    /// The place in a [table](super::four_bit) of such weights as [`SevenBit`](Self::SevenBit) has, two to a byte.
    FourBit,
}

impl Encoding {
    /// What a code that the dot kernels read is larger than its weight by.
    pub fn offset(self) -> i32 {
        match self {
            Self::SevenBit | Self::FourBit => 64,
            Self::EightBit => 0,
        }
    }

    /// Bytes of one panel of a matrix with that many rows.
    pub fn panel_bytes(self, rows: usize) -> usize {
        match self {
            Self::SevenBit | Self::EightBit => rows.div_ceil(GROUP_ROWS) * GROUP_BYTES,
            Self::FourBit => four_bit::panel_bytes(rows),
        }
    }
}

/// A rows × columns matrix of int8 weights; rows are the contraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedMatrix {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) encoding: Encoding,
    pub(super) bytes: Vec<u8>,
    /// Sum of each stored column, in weights, without the corrections; padded to whole panels.
    pub(super) column_sums: Vec<i32>,
    /// Columns stored as their negative.
    pub(super) negated: Vec<bool>,
    /// (column, row) where 1 is missing from the stored weight, in ascending order.
    pub(super) corrections: Vec<(u32, u32)>,
    /// Only of four-bit weights.
    pub(super) tables: Vec<Table>,
}

impl PackedMatrix {
    /// Length of the contraction.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of outputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Rows of each group of each panel, as described at the head of this module.
    pub fn groups(&self) -> usize {
        self.rows.div_ceil(GROUP_ROWS)
    }

    /// The bytes of each panel: [`groups`](Self::groups) × 48 of them, or what [`four_bit`] has.
    pub fn panels(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.encoding.panel_bytes(self.rows).max(1))
    }

    /// What four-bit weights are places in; none for others.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Sum of each stored column, in weights, without the corrections; padded to whole panels with 0.
    pub fn column_sums(&self) -> &[i32] {
        &self.column_sums
    }

    /// True for each column that is stored as its negative; its scale must be negated too.
    pub fn negated(&self) -> &[bool] {
        &self.negated
    }

    /// (column, row) where 1 is missing from the stored weight, in ascending order.
    pub fn corrections(&self) -> &[(u32, u32)] {
        &self.corrections
    }

    /// Those of the [`corrections`](Self::corrections) that lie in one panel.
    pub fn panel_corrections(&self, panel: usize) -> &[(u32, u32)] {
        let start =
            |panel: usize| self.corrections.partition_point(|&(column, _)| (column as usize) < panel * PANEL_COLUMNS);
        &self.corrections[start(panel)..start(panel + 1)]
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let tables = size_of_val(&*self.tables);
        self.bytes.len()
            + size_of_val(&*self.column_sums)
            + self.negated.len()
            + size_of_val(&*self.corrections)
            + tables
    }

    /// The weights that were packed, row after row, as bytes in two's complement.
    pub fn unpack(&self) -> Vec<u8> {
        let mut weights = vec![0; self.rows * self.columns];
        let shift = self.encoding.offset() as u8;
        let mut codes = Vec::new();
        for (mut panel, start) in self.panels().zip((0..self.columns).step_by(PANEL_COLUMNS)) {
            if self.encoding == Encoding::FourBit {
                codes.resize(self.groups() * GROUP_BYTES, 0);
                four_bit::unpack_panel(panel, &self.tables, &mut codes);
                panel = &codes;
            }
            let negated = &self.negated[start..self.columns.min(start + PANEL_COLUMNS)];
            for (row, weights) in weights.chunks_exact_mut(self.columns).enumerate() {
                let stored = &panel[row / GROUP_ROWS * GROUP_BYTES..][row % GROUP_ROWS..];
                let weights = weights[start..].iter_mut().zip(stored.iter().step_by(GROUP_ROWS));
                for ((weight, stored), &negated) in weights.zip(negated) {
                    let stored = stored.wrapping_sub(shift);
                    *weight = if negated { stored.wrapping_neg() } else { stored };
                }
            }
        }
        for &(column, row) in &self.corrections {
            weights[row as usize * self.columns + column as usize] += 1;
        }
        weights
    }

    /// The weight that was packed, for tests.
    pub fn weight(&self, row: usize, column: usize) -> i32 {
        if self.encoding == Encoding::FourBit {
            return i32::from(self.unpack()[row * self.columns + column] as i8);
        }
        let stored = self.bytes[position(self.groups(), row, column)];
        let stored = match self.encoding {
            Encoding::EightBit => i32::from(stored as i8),
            _ => i32::from(stored) - 64,
        };
        let corrected = stored + i32::from(self.corrections.binary_search(&(column as u32, row as u32)).is_ok());
        if self.negated[column] { -corrected } else { corrected }
    }
}

fn position(groups: usize, row: usize, column: usize) -> usize {
    let group = (column / PANEL_COLUMNS) * groups + row / GROUP_ROWS;
    group * GROUP_BYTES + (column % PANEL_COLUMNS) * GROUP_ROWS + row % GROUP_ROWS
}

/// Takes a matrix row by row, in chunks of any size, and packs it where it will stay.
#[derive(Debug)]
pub struct Packer {
    rows: usize,
    columns: usize,
    /// Number of weights that are packed.
    packed: usize,
    /// The first weights of the next group of rows, until all of it has come.
    partial: Vec<u8>,
    bytes: Vec<u8>,
    column_sums: Vec<i32>,
    lowest: Vec<i8>,
    highest: Vec<i8>,
    negated: Vec<bool>,
}

impl Packer {
    /// # Errors
    /// Where there is no memory for the matrix.
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

    /// Weights that are still to come.
    pub fn missing(&self) -> usize {
        self.rows * self.columns - self.packed - self.partial.len()
    }

    /// Takes the next weights in row-major order, as bytes in two's complement.
    ///
    /// # Panics
    /// For more than [`missing`](Self::missing) of them.
    pub fn push(&mut self, mut weights: &[u8]) {
        assert!(weights.len() <= self.missing(), "more weights than the matrix has");
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

    /// Packs the next [`GROUP_ROWS`] rows, or the last ones where they are fewer.
    fn push_group(&mut self, weights: &[u8]) {
        for row in weights.chunks_exact(self.columns) {
            self.gather_statistics(row);
        }
        let groups = self.rows.div_ceil(GROUP_ROWS);
        let group = self.packed / (GROUP_ROWS * self.columns);
        let offsets = (group * GROUP_BYTES..).step_by(groups * GROUP_BYTES);
        if weights.len() == GROUP_ROWS * self.columns {
            let (first, second) = weights.split_at(2 * self.columns);
            let ((row0, row1), (row2, row3)) = (first.split_at(self.columns), second.split_at(self.columns));
            for (start, offset) in (0..self.columns).step_by(PANEL_COLUMNS).zip(offsets) {
                let end = self.columns.min(start + PANEL_COLUMNS);
                let packed = &mut self.bytes[offset..][..GROUP_BYTES];
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

    /// The packed matrix.
    ///
    /// # Panics
    /// While weights are [`missing`](Self::missing).
    pub fn finish(self) -> PackedMatrix {
        assert_eq!(self.missing(), 0, "weights are missing");
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

fn filled<T: Clone>(value: T, length: usize) -> Result<Vec<T>, TryReserveError> {
    let mut values = Vec::new();
    values.try_reserve_exact(length)?;
    values.resize(length, value);
    Ok(values)
}

/// Column after column with its rows side by side.
fn interleave(packed: &mut [u8], rows: [&[u8]; GROUP_ROWS]) {
    let [row0, row1, row2, row3] = rows;
    let (columns, _) = packed.as_chunks_mut::<GROUP_ROWS>();
    for ((((column, &a), &b), &c), &d) in columns.iter_mut().zip(row0).zip(row1).zip(row2).zip(row3) {
        *column = [a, b, c, d];
    }
}

/// The weights +64 of columns that hold -64 too; `None` where listing them would take more than half of the matrix, or
/// there is no memory for it.
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
    let panels = packed.bytes.chunks_exact_mut((groups * GROUP_BYTES).max(1));
    for (panel, negated) in panels.zip(packed.negated.chunks(PANEL_COLUMNS)) {
        // In two's complement -w is (w ^ -1) - -1, and w is (w ^ 0) - 0.
        let mut signs = [0; GROUP_BYTES];
        for (signs, &negated) in signs.chunks_exact_mut(GROUP_ROWS).zip(negated) {
            signs.fill(if negated { 0xff } else { 0 });
        }
        let (groups, _) = panel.as_chunks_mut::<GROUP_BYTES>();
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
                    .chunks_exact(GROUP_BYTES)
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
