//! The layout of weights in memory, in numbers.
//!
//! A matrix consists of panels of [`PANEL_COLUMNS`] columns; a panel, of groups of [`GROUP_ROWS`] rows. A group holds
//! column after column, with its rows side by side. Rows and columns that pad the last group and panel hold the weight
//! 0.
//!
//! Weights of four bits are packed once more. In each column, [`BLOCK_ROWS`] rows share one of the matrix's tables of
//! 16 seven-bit codes; a weight is an index into that table. So the levels can follow the weights, and unpacking is an
//! exact look-up on every machine. A panel consists of blocks of [`BLOCK_ROWS`] rows. A block holds the number of each
//! column's table, then 16 bytes for each column. Byte i has row i in its low half and row i + 16 in its high half. The
//! padding of the last block may hold any weight: activations are 0 there.

/// Columns that one tile of the dot kernel computes together.
pub const PANEL_COLUMNS: usize = 12;
/// Rows that one lane of the dot product multiplies at once.
pub const GROUP_ROWS: usize = 4;
/// Weights in one group of one panel, of a byte each.
pub const GROUP_WEIGHTS: usize = PANEL_COLUMNS * GROUP_ROWS;

/// Longest contraction. The 32-bit sums of more products of 8-bit integers may overflow.
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

/// The way in which the bytes of a matrix encode weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Weight + 64, in 0..=127.
    SevenBit,
    /// The weight in two's complement.
    EightBit,
    /// An index into a [`CodeTable`] of codes as in [`SevenBit`](Self::SevenBit), two indices to a byte.
    FourBit,
}

impl Encoding {
    /// Difference between a stored code and its weight.
    pub fn offset(self) -> i32 {
        match self {
            Self::SevenBit | Self::FourBit => 64,
            Self::EightBit => 0,
        }
    }

    /// Bytes of one panel of a matrix with this many rows.
    pub fn panel_bytes(self, rows: usize) -> usize {
        match self {
            Self::SevenBit | Self::EightBit => rows.div_ceil(GROUP_ROWS) * GROUP_WEIGHTS,
            Self::FourBit => rows.div_ceil(BLOCK_ROWS) * BLOCK_BYTES,
        }
    }
}
