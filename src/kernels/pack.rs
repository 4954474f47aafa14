//! Int8 weight matrices in the layout that the dot kernels read, filled while the bytes arrive.
//!
//! The relaxed SIMD dot `i32x4_relaxed_dot_i8x16_i7x16_add` is exact on every engine as long as its second operand fits
//! 7 bits. Weights quantised with onnxruntime's `reduce_range` lie in −64..=64, so they are stored as w + 64. That leaves
//! +64 one too large. A column that holds it but not −64 is negated, and its scale with it; one that holds both stores 63
//! in its place and lists the rows where 1 is missing. A matrix with any weight outside −64..=64 keeps its bytes as they
//! are and is for the 16-bit dot.
//!
//! Layout: panels of [`PANEL_COLUMNS`] columns; in a panel, groups of [`GROUP_ROWS`] rows; in a group, column after
//! column with its rows side by side. Rows and columns that fill the last group and panel up hold the weight 0.

use std::collections::TryReserveError;

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
}

/// A rows × columns matrix of int8 weights; rows are the contraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedMatrix {
    rows: usize,
    columns: usize,
    encoding: Encoding,
    bytes: Vec<u8>,
    /// Sum of each stored column, in weights, without the corrections.
    column_sums: Vec<i32>,
    /// Columns stored as their negative.
    negated: Vec<bool>,
    /// (column, row) where 1 is missing from the stored weight, in ascending order.
    corrections: Vec<(u32, u32)>,
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

    /// The bytes of each panel, [`groups`](Self::groups) × 48 of them.
    pub fn panels(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact((self.groups() * GROUP_BYTES).max(1))
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

    /// The weight that was packed, for tests and for paths that need the matrix itself.
    pub fn weight(&self, row: usize, column: usize) -> i32 {
        let stored = self.bytes[position(self.groups(), row, column)];
        let stored = match self.encoding {
            Encoding::SevenBit => i32::from(stored) - 64,
            Encoding::EightBit => i32::from(stored as i8),
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
    /// Number of weights that have come.
    taken: usize,
    bytes: Vec<u8>,
    column_sums: Vec<i32>,
    lowest: Vec<i8>,
    highest: Vec<i8>,
}

impl Packer {
    /// # Errors
    /// Where there is no memory for the matrix.
    pub fn new(rows: usize, columns: usize) -> Result<Self, TryReserveError> {
        let padded_columns = columns.div_ceil(PANEL_COLUMNS).saturating_mul(PANEL_COLUMNS);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(rows.div_ceil(GROUP_ROWS).saturating_mul(GROUP_ROWS).saturating_mul(padded_columns))?;
        bytes.resize(bytes.capacity(), 0);
        bytes.truncate(rows.div_ceil(GROUP_ROWS) * GROUP_ROWS * padded_columns);
        Ok(Self {
            rows,
            columns,
            taken: 0,
            bytes,
            column_sums: vec![0; padded_columns],
            lowest: vec![0; columns],
            highest: vec![0; columns],
        })
    }

    /// Weights that are still to come.
    pub fn missing(&self) -> usize {
        self.rows * self.columns - self.taken
    }

    /// Takes the next weights in row-major order, as bytes in two's complement.
    ///
    /// # Panics
    /// For more than [`missing`](Self::missing) of them.
    pub fn push(&mut self, mut weights: &[u8]) {
        assert!(weights.len() <= self.missing(), "more weights than the matrix has");
        let groups = self.rows.div_ceil(GROUP_ROWS);
        while !weights.is_empty() {
            let (row, column) = (self.taken / self.columns, self.taken % self.columns);
            let (now, later) = weights.split_at(weights.len().min(self.columns - column));
            for (offset, &weight) in now.iter().enumerate() {
                let column = column + offset;
                self.bytes[position(groups, row, column)] = weight;
                let weight = weight as i8;
                self.column_sums[column] += i32::from(weight);
                self.lowest[column] = self.lowest[column].min(weight);
                self.highest[column] = self.highest[column].max(weight);
            }
            self.taken += now.len();
            weights = later;
        }
    }

    /// The packed matrix.
    ///
    /// # Panics
    /// While weights are [`missing`](Self::missing).
    pub fn finish(self) -> PackedMatrix {
        assert_eq!(self.missing(), 0, "weights are missing");
        let fits = self.lowest.iter().all(|&lowest| lowest >= -64) && self.highest.iter().all(|&highest| highest <= 64);
        let encoding = if fits { Encoding::SevenBit } else { Encoding::EightBit };
        let mut packed = PackedMatrix {
            rows: self.rows,
            columns: self.columns,
            encoding,
            bytes: self.bytes,
            column_sums: self.column_sums,
            negated: vec![false; self.columns],
            corrections: Vec::new(),
        };
        if fits {
            encode_seven_bits(&mut packed, &self.lowest, &self.highest);
        }
        packed
    }
}

fn encode_seven_bits(packed: &mut PackedMatrix, lowest: &[i8], highest: &[i8]) {
    let groups = packed.groups();
    for column in 0..packed.columns {
        if highest[column] < 64 {
            continue;
        }
        if lowest[column] > -64 {
            packed.negated[column] = true;
            packed.column_sums[column] = -packed.column_sums[column];
            for row in 0..packed.rows {
                let byte = &mut packed.bytes[position(groups, row, column)];
                *byte = byte.wrapping_neg();
            }
        } else {
            for row in 0..packed.rows {
                let byte = &mut packed.bytes[position(groups, row, column)];
                if *byte == 64 {
                    *byte = 63;
                    packed.column_sums[column] -= 1;
                    packed.corrections.push((column as u32, row as u32));
                }
            }
        }
    }
    for byte in &mut packed.bytes {
        *byte = byte.wrapping_add(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
