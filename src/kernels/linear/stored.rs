//! Packed matrices as bytes, so that a file can hold them and a reader need not pack them again.
//!
//! The head of a matrix is little-endian. It holds the sum of each column (padded to whole panels, 4 bytes each). Then
//! comes a byte for each column: 1 if it is stored as its negative, else 0. The corrections (column and row, 4 bytes
//! each) and the tables of four-bit weights follow. The panels are stored as the kernels read them.

use super::matrix::PackedMatrix;
use super::panels::{BLOCK_BYTES, CodeTable, Encoding, MAX_ROWS, MAX_TABLES, PANEL_COLUMNS};

/// The numbers that determine how many bytes a stored matrix has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub rows: usize,
    pub columns: usize,
    pub encoding: Encoding,
    /// Number of corrections.
    pub corrections: usize,
    /// Number of tables of four-bit weights.
    pub tables: usize,
}

impl Layout {
    pub fn of(matrix: &PackedMatrix) -> Self {
        Self {
            rows: matrix.rows,
            columns: matrix.columns,
            encoding: matrix.encoding,
            corrections: matrix.corrections.len(),
            tables: matrix.tables.len(),
        }
    }

    /// Bytes of the head; `None` if the number overflows.
    pub fn head_bytes(&self) -> Option<usize> {
        let sums = self.columns.checked_next_multiple_of(PANEL_COLUMNS)?.checked_mul(4)?;
        let corrections = self.corrections.checked_mul(8)?;
        let tables = self.tables.checked_mul(size_of::<CodeTable>())?;
        sums.checked_add(self.columns)?.checked_add(corrections)?.checked_add(tables)
    }

    /// Bytes of all panels; `None` if the number overflows or there are more than [`MAX_ROWS`] rows.
    pub fn panel_bytes(&self) -> Option<usize> {
        if self.rows > MAX_ROWS {
            return None;
        }
        self.encoding.panel_bytes(self.rows).checked_mul(self.columns.div_ceil(PANEL_COLUMNS))
    }
}

impl PackedMatrix {
    /// The head, as described at the top of this module.
    pub fn head(&self) -> Vec<u8> {
        let mut head: Vec<u8> = self.column_sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        head.extend(self.negated.iter().map(|&negated| u8::from(negated)));
        for (column, row) in &self.corrections {
            head.extend(column.to_le_bytes());
            head.extend(row.to_le_bytes());
        }
        head.extend_from_slice(self.tables.as_flattened());
        head
    }

    /// The bytes of all panels.
    pub fn panel_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Restores a stored matrix.
    ///
    /// # Errors
    /// A text that says which rule the bytes break.
    pub fn from_stored(layout: Layout, head: &[u8], panels: Vec<u8>) -> Result<Self, &'static str> {
        let Layout { rows, columns, encoding, corrections, tables } = layout;
        if rows == 0 || columns == 0 {
            return Err("the matrix is empty; it needs at least one row and one column");
        }
        if layout.head_bytes() != Some(head.len()) || layout.panel_bytes() != Some(panels.len()) {
            return Err("the matrix has more or fewer bytes than its shape needs");
        }
        let four_bit = encoding == Encoding::FourBit;
        if four_bit != (tables > 0) || tables > MAX_TABLES || corrections > 0 && encoding != Encoding::SevenBit {
            return Err("the numbers of tables and corrections do not match the matrix's encoding");
        }
        let (sums, head) = head.split_at(columns.next_multiple_of(PANEL_COLUMNS) * 4);
        let (negated, head) = head.split_at(columns);
        let (corrections, tables) = head.split_at(corrections * 8);
        let matrix = Self {
            rows,
            columns,
            encoding,
            bytes: panels,
            column_sums: sums.as_chunks().0.iter().map(|&sum| i32::from_le_bytes(sum)).collect(),
            negated: negated.iter().map(|&negated| negated == 1).collect(),
            corrections: pairs(corrections),
            tables: tables.as_chunks().0.to_vec(),
        };
        matrix.check()?;
        Ok(matrix)
    }

    /// Checks the guarantees that kernels rely on: sums that do not overflow, valid indices, codes that fit 7 bits.
    fn check(&self) -> Result<(), &'static str> {
        // 128 is the largest magnitude of a weight.
        let largest_sum = self.rows as u32 * 128;
        if self.column_sums.iter().any(|sum| sum.unsigned_abs() > largest_sum) {
            return Err("the stored sum of a column is larger than its weights allow");
        }
        let inside = |&(column, row): &(u32, u32)| (column as usize) < self.columns && (row as usize) < self.rows;
        if !self.corrections.iter().all(inside) || !self.corrections.is_sorted_by(|one, next| one < next) {
            return Err("a correction is outside the matrix or out of order");
        }
        let codes = match self.encoding {
            Encoding::SevenBit => &self.bytes,
            Encoding::EightBit => return Ok(()),
            Encoding::FourBit => self.tables.as_flattened(),
        };
        if codes.iter().fold(0, |all, code| all | code) >= 128 {
            return Err("the code of a weight is larger than 127, the limit of 7 bits");
        }
        let missing = |number: &u8| usize::from(*number) >= self.tables.len();
        let mut blocks = self.bytes.chunks_exact(BLOCK_BYTES);
        if self.encoding == Encoding::FourBit && blocks.any(|block| block[..PANEL_COLUMNS].iter().any(missing)) {
            return Err("a block refers to a table that the matrix does not have");
        }
        Ok(())
    }
}

fn pairs(bytes: &[u8]) -> Vec<(u32, u32)> {
    let numbers = bytes.as_chunks().0.iter().map(|&number| u32::from_le_bytes(number)).collect::<Vec<_>>();
    numbers.as_chunks().0.iter().map(|&[column, row]| (column, row)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Packer, pack_four_bits};
    use super::*;
    use crate::kernels::testing::test;

    fn packed(largest: i32) -> PackedMatrix {
        let (rows, columns) = (70, 14);
        let mut packer = Packer::new(rows, columns).unwrap();
        let weights = (0..(rows * columns) as i32).map(|index| (index * 37 % (2 * largest + 1) - largest) as u8);
        packer.push(&weights.collect::<Vec<_>>());
        packer.finish()
    }

    fn four_bit() -> PackedMatrix {
        let tables = [0u8, 3].map(|step| std::array::from_fn(|index| 40 + step * index as u8));
        let weights: Vec<u8> = (0..70 * 14).map(|index| (index * 7 % 16) as u8).collect();
        let numbers: Vec<u8> = (0..3 * 14).map(|index| (index % 2) as u8).collect();
        pack_four_bits(70, 14, &tables, &weights, &numbers).unwrap()
    }

    #[test]
    fn a_matrix_comes_back() {
        let matrices = [packed(64), packed(127), packed(30), four_bit()];
        assert!(!matrices[0].corrections().is_empty());
        for matrix in matrices {
            let layout = Layout::of(&matrix);
            assert_eq!(layout.head_bytes(), Some(matrix.head().len()));
            assert_eq!(layout.panel_bytes(), Some(matrix.panel_bytes().len()));
            let back = PackedMatrix::from_stored(layout, &matrix.head(), matrix.panel_bytes().to_vec());
            assert_eq!(back.unwrap(), matrix);
        }
    }

    #[test]
    fn what_the_kernels_rely_on_is_checked() {
        type Damage<'a> = &'a dyn Fn(&mut Layout, &mut Vec<u8>, &mut Vec<u8>);
        let refuse = |matrix: &PackedMatrix, damage: Damage<'_>| {
            let (mut layout, mut head, mut panels) = (Layout::of(matrix), matrix.head(), matrix.panel_bytes().to_vec());
            damage(&mut layout, &mut head, &mut panels);
            assert!(PackedMatrix::from_stored(layout, &head, panels).is_err());
        };
        let (corrected, four_bit) = (packed(64), four_bit());
        for matrix in [&corrected, &four_bit] {
            refuse(matrix, &|_, head, _| head[3] = 0x70);
            refuse(matrix, &|_, head, _| head.truncate(head.len() - 1));
            refuse(matrix, &|_, _, panels| panels.truncate(panels.len() - 1));
            refuse(matrix, &|layout, _, _| layout.rows = 0);
            refuse(matrix, &|layout, _, _| layout.rows = usize::MAX);
            refuse(matrix, &|layout, _, _| layout.columns = usize::MAX);
            refuse(matrix, &|layout, _, _| layout.corrections = usize::MAX);
            refuse(matrix, &|layout, _, _| layout.encoding = Encoding::EightBit);
        }
        refuse(&corrected, &|_, _, panels| panels[5] = 128);
        refuse(&corrected, &|_, head, _| *head.last_mut().unwrap() = 1);
        refuse(&corrected, &|_, head, _| {
            let last = head.len() - 8;
            head.copy_within(last - 8..last, last);
        });
        refuse(&four_bit, &|_, head, _| *head.last_mut().unwrap() = 128);
        refuse(&four_bit, &|_, _, panels| panels[BLOCK_BYTES] = 2);
    }
}
