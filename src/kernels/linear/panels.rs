//! How weights lie in memory, in numbers.
//!
//! A matrix is panels of [`PANEL_COLUMNS`] columns; a panel, groups of [`GROUP_ROWS`] rows; a group, column after column with
//! its rows side by side. Rows and columns that fill the last group and panel up hold the weight 0.
//!
//! Weights of four bits are packed once more. In each column, [`BLOCK_ROWS`] rows share one of the matrix's tables of 16
//! seven-bit codes; a weight is a place in that table. So the levels may lie where the weights are, and unpacking is a look-up:
//! exact, whatever does it. A panel is blocks of [`BLOCK_ROWS`] rows; a block has, for each column, the number of its table,
//! then for each column 16 bytes, of which byte i holds row i in its low half and row i + 16 in its high half. What fills the
//! last block up stands for any weight: activations are 0 there.

/// Columns that one tile of the dot kernel computes.
pub const PANEL_COLUMNS: usize = 12;
/// Rows that one lane of the dot product takes at once.
pub const GROUP_ROWS: usize = 4;
/// Weights in one group of one panel, of a byte each.
pub const GROUP_WEIGHTS: usize = PANEL_COLUMNS * GROUP_ROWS;

/// Longer contractions may overflow the 32-bit sums of products of 8-bit integers.
pub const MAX_ROWS: usize = 1 << 16;

/// Seven-bit codes, weight + 64, by four-bit weight.
pub type CodeTable = [u8; 16];
/// Most tables that a matrix can have.
pub const MAX_TABLES: usize = 256;

/// Rows of a column that share a table.
pub const BLOCK_ROWS: usize = 32;
/// Groups of rows in a block that is unpacked.
pub const BLOCK_GROUPS: usize = BLOCK_ROWS / GROUP_ROWS;
/// Bytes of one column of a block.
pub const BLOCK_COLUMN_BYTES: usize = BLOCK_ROWS / 2;
/// Bytes of one block of one panel.
pub const BLOCK_BYTES: usize = PANEL_COLUMNS * (1 + BLOCK_COLUMN_BYTES);

/// How the bytes of a matrix stand for weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Weight + 64, in 0..=127.
    SevenBit,
    /// The weight in two's complement.
    EightBit,
    /// The place in a [`CodeTable`] of such weights as [`SevenBit`](Self::SevenBit) has, two to a byte.
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
            Self::SevenBit | Self::EightBit => rows.div_ceil(GROUP_ROWS) * GROUP_WEIGHTS,
            Self::FourBit => rows.div_ceil(BLOCK_ROWS) * BLOCK_BYTES,
        }
    }
}
