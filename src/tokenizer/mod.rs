//! Text to the token ids of (query, document) pairs.
//!
//! The tokenizer of XLM-RoBERTa and its kin is ours from normaliser to template (`sentence_piece`) and gives the ids of
//! the `tokenizers` crate; any other runs in the crate (`hugging_face`).

pub mod file;
mod hugging_face;
mod pair;
mod sentence_piece;
pub mod unigram;
mod vocabulary;
mod window;

pub use file::compact;
pub use file::json::{JsonReader, TokenizerJson};
pub use file::reader::{TokenizerReader, compact_form};
use hugging_face::General;
pub use pair::{Pair, Query};
use sentence_piece::SentencePiece;
pub use vocabulary::Vocabulary;
pub use window::{Window, Windows};

use crate::error::Result;

/// A Hugging Face `tokenizer.json` in its own or the [compact](file::compact) form, without the padding and truncation that
/// it may ask for: both are the engine's.
#[derive(Debug)]
pub struct Tokenizer {
    pipeline: Pipeline,
}

#[derive(Debug)]
enum Pipeline {
    SentencePiece(Box<SentencePiece>),
    General(Box<General>),
}

impl From<SentencePiece> for Tokenizer {
    fn from(pipeline: SentencePiece) -> Self {
        Self { pipeline: Pipeline::SentencePiece(Box::new(pipeline)) }
    }
}

impl From<General> for Tokenizer {
    fn from(pipeline: General) -> Self {
        Self { pipeline: Pipeline::General(Box::new(pipeline)) }
    }
}

impl Tokenizer {
    /// The ids of a text by itself, without special tokens.
    ///
    /// # Errors
    /// `invalid_input` for a text that the tokenizer has no tokens for, `out_of_memory`.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        self.first_ids(text, usize::MAX)
    }

    /// The ids of `text`; where there are more than `wanted`, at least so many.
    fn first_ids(&self, text: &str, wanted: usize) -> Result<Vec<u32>> {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.ids(text, wanted),
            Pipeline::General(pipeline) => pipeline.ids(text),
        }
    }

    /// The ids of `text`, and where in it each token starts.
    fn ids_and_starts(&self, text: &str) -> Result<(Vec<u32>, Vec<usize>)> {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.ids_and_starts(text),
            Pipeline::General(pipeline) => pipeline.ids_and_starts(text),
        }
    }

    /// Special tokens of a pair.
    fn special_tokens(&self) -> usize {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.special_tokens(),
            Pipeline::General(pipeline) => pipeline.special_tokens(),
        }
    }

    /// The ids of query and document put together, and the segment of each.
    fn joined(&self, query: &[u32], document: &[u32]) -> Result<(Vec<u32>, Vec<u32>)> {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => Ok(pipeline.pair(query, document)),
            Pipeline::General(pipeline) => pipeline.pair(query, document),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_kind_of_file_takes_the_short_way() {
        for file in ["tests/fixtures/standin-tiny/tokenizer.json", "pkg/mini/tokenizer.json"] {
            let json = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
            for bytes in [&json, &compact_form(&json).unwrap()] {
                let tokenizer = Tokenizer::from_bytes(bytes).unwrap();
                assert!(matches!(tokenizer.pipeline, Pipeline::SentencePiece(_)), "{file}");
            }
        }
    }

    /// In the trie of mini's vocabulary, a node has the place of the root for its offset.
    #[test]
    fn a_nul_leads_nowhere() {
        let json = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/mini/tokenizer.json")).unwrap();
        let tokenizer = Tokenizer::from_bytes(&json).unwrap();
        let peer = tokenizers::Tokenizer::from_bytes(&json).unwrap();
        for piece in peer.get_vocab(true).into_keys() {
            let text = format!("{piece}\0a");
            assert_eq!(tokenizer.ids(&text).unwrap(), peer.encode_fast(&*text, false).unwrap().get_ids(), "{text:?}");
        }
    }
}
