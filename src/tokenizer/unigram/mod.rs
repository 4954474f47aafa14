//! A SentencePiece unigram language model in a few megabytes (Kudo, *Subword Regularization*, 2018). It returns the
//! same ids as the `Unigram` of the `tokenizers` crate, ties included.

mod pieces;
mod scores;
mod trie;
mod trie_builder;
mod viterbi;

pub use pieces::Pieces;
pub use scores::Scores;
use trie::PAYLOAD_LIMIT;
pub use trie::Trie;
pub use viterbi::{Scratch, Token, character_length};

use crate::error::{Error, ModelFile, Result};

/// The score of an unknown character lies this much below the lowest score.
const UNKNOWN_PENALTY: f64 = 10.0;

#[derive(Debug, Clone, PartialEq)]
pub struct Unigram {
    trie: Trie,
    scores: Scores,
    unknown_id: Option<u32>,
    unknown_score: f64,
    /// The ids of `<0x00>` to `<0xFF>` as far as the vocabulary has them; `None` if unknown text is not spelled in
    /// bytes.
    byte_ids: Option<Box<[Option<u32>; 256]>>,
}

impl Unigram {
    /// # Errors
    /// `invalid_model` for an unknown piece outside the vocabulary, `unsupported_model` for too large a vocabulary.
    pub fn from_pieces(pieces: Pieces, unknown_id: Option<u32>, byte_fallback: bool) -> Result<Self> {
        let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        let mut order = Vec::with_capacity(pieces.len());
        order.extend((0..count).filter(|&id| !pieces.bytes(id).is_empty()));
        let units = trie_builder::build(&mut order, |id| pieces.bytes(id))?;
        drop(order);
        let mut scores = pieces.into_scores();
        scores.shrink_to_fit();
        Self::from_parts(units, scores, unknown_id, byte_fallback)
    }

    /// Makes a model from the units of a [`Trie`]. Its values are places in `scores`.
    ///
    /// # Errors
    /// `invalid_model` if the parts contradict each other, `unsupported_model` for too large a vocabulary.
    pub fn from_parts(units: Vec<u32>, scores: Scores, unknown_id: Option<u32>, byte_fallback: bool) -> Result<Self> {
        if scores.len() > PAYLOAD_LIMIT {
            return Err(trie_builder::too_large());
        }
        let trie = Trie::from_units(units, scores.len())?;
        if unknown_id.is_some_and(|id| id as usize >= scores.len()) {
            return Err(Error::InvalidModel {
                file: ModelFile::Tokenizer,
                reason: format!("its unknown piece has an id beyond its vocabulary of {} pieces", scores.len()),
            });
        }
        let unknown_score = scores.minimum() - UNKNOWN_PENALTY;
        let byte_id = |byte: usize| trie.get(format!("<0x{byte:02X}>").as_bytes());
        let byte_ids = byte_fallback.then(|| Box::new(std::array::from_fn(byte_id)));
        Ok(Self { trie, scores, unknown_id, unknown_score, byte_ids })
    }

    /// Returns the number of ids.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    pub fn last_id(&self) -> Option<u32> {
        self.len().checked_sub(1).and_then(|id| u32::try_from(id).ok())
    }

    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub fn trie(&self) -> &Trie {
        &self.trie
    }

    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// Returns the id of `piece`.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.trie.get(piece.as_bytes())
    }
}
