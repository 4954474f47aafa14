//! Packed matrices.
//!
//! The relaxed SIMD dot `i32x4_relaxed_dot_i8x16_i7x16_add` is exact on every engine if its second operand fits 7 bits.
//! Weights quantised with onnxruntime's `reduce_range` lie in −64..=64, so they are stored as w + 64. Only +64 does not
//! fit. A column with +64 but without −64 is negated, and so is its scale. A column with both stores 63 in place of 64
//! and lists the rows where 1 is missing. A matrix keeps its bytes for the 16-bit dot if a weight is outside −64..=64,
//! or if such lists would be too long.

use super::four_bit;
use super::panels::{CodeTable, Encoding, GROUP_ROWS, GROUP_WEIGHTS, PANEL_COLUMNS};

/// A rows × columns matrix of int8 weights. The contraction runs over its rows.
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
    /// Empty unless weights have four bits.
    pub(super) tables: Vec<CodeTable>,
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

    /// Groups of rows in each panel, as [`panels`](super::panels) describes them.
    pub fn groups(&self) -> usize {
        self.rows.div_ceil(GROUP_ROWS)
    }

    /// The bytes of each panel: [`groups`](Self::groups) × 48, or as many as blocks of four-bit weights take.
    pub fn panels(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.encoding.panel_bytes(self.rows).max(1))
    }

    /// Tables of codes that four-bit weights index; empty for other weights.
    pub fn tables(&self) -> &[CodeTable] {
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

    /// The [`corrections`](Self::corrections) inside one panel.
    pub fn panel_corrections(&self, panel: usize) -> &[(u32, u32)] {
        let start =
            |panel: usize| self.corrections.partition_point(|&(column, _)| (column as usize) < panel * PANEL_COLUMNS);
        &self.corrections[start(panel)..start(panel + 1)]
    }

    /// Bytes of memory that the matrix takes.
    pub fn bytes(&self) -> usize {
        let tables = size_of_val(&*self.tables);
        self.bytes.len()
            + size_of_val(&*self.column_sums)
            + self.negated.len()
            + size_of_val(&*self.corrections)
            + tables
    }

    /// The original weights, row after row, as bytes in two's complement.
    pub fn unpack(&self) -> Vec<u8> {
        let mut weights = vec![0; self.rows * self.columns];
        let shift = self.encoding.offset() as u8;
        let mut codes = Vec::new();
        for (mut panel, start) in self.panels().zip((0..self.columns).step_by(PANEL_COLUMNS)) {
            if self.encoding == Encoding::FourBit {
                codes.resize(self.groups() * GROUP_WEIGHTS, 0);
                four_bit::unpack_panel(panel, &self.tables, &mut codes);
                panel = &codes;
            }
            let negated = &self.negated[start..self.columns.min(start + PANEL_COLUMNS)];
            for (row, weights) in weights.chunks_exact_mut(self.columns).enumerate() {
                let stored = &panel[row / GROUP_ROWS * GROUP_WEIGHTS..][row % GROUP_ROWS..];
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

    /// One original weight, for tests.
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

/// Index of a weight among weights of a byte each.
pub(super) fn position(groups: usize, row: usize, column: usize) -> usize {
    let group = (column / PANEL_COLUMNS) * groups + row / GROUP_ROWS;
    group * GROUP_WEIGHTS + (column % PANEL_COLUMNS) * GROUP_ROWS + row % GROUP_ROWS
}
