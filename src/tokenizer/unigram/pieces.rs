//! A vocabulary on the way from a file into a [`Unigram`](super::Unigram).

use super::Scores;
use crate::error::{Error, ModelFile, Result};

/// Pieces with their scores, in the order of their ids. All text is in one allocation.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Pieces {
    text: String,
    ends: Vec<u32>,
    scores: Scores,
}

/// Bytes of an indented `tokenizer.json` for each piece, and for each byte of a piece. A file without indentation has
/// more pieces, and the lists grow as needed.
const FILE_BYTES_PER_PIECE: usize = 66;
const FILE_BYTES_PER_TEXT_BYTE: f64 = 6.5;

impl Pieces {
    /// Reserves memory for the pieces of a file of `size` bytes. A single reservation leaves no holes in memory.
    pub fn for_file(size: usize) -> Self {
        let mut pieces = Self::default();
        let count = size / FILE_BYTES_PER_PIECE;
        // Without the reservation each list grows as needed.
        let _ = pieces.text.try_reserve_exact((size as f64 / FILE_BYTES_PER_TEXT_BYTE) as usize);
        let _ = pieces.ends.try_reserve_exact(count);
        pieces.scores.expect(count);
        pieces
    }

    /// # Errors
    /// `unsupported_model` for more text than 32 bits can count.
    pub fn push(&mut self, piece: &str, score: f64) -> Result<()> {
        let end = u32::try_from(self.text.len() + piece.len()).map_err(|_| Error::UnsupportedModel {
            file: ModelFile::Tokenizer,
            reason: "its vocabulary has more than 4 GB of text".to_owned(),
        })?;
        self.text.push_str(piece);
        self.ends.push(end);
        self.scores.push(score);
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize);
        &self.text.as_bytes()[start..self.ends[id as usize] as usize]
    }

    pub(super) fn into_scores(self) -> Scores {
        self.scores
    }
}
