//! The tokenizer turns a query and a document into the token ids of a pair, or a single text into its ids.
//!
//! Two pipelines do the work. `sentence_piece` runs tokenizers like XLM-RoBERTa's in our own code, from normaliser to
//! template, and returns the same ids as the `tokenizers` crate. `hugging_face` runs all others in that crate.

pub mod file;
mod hugging_face;
mod pair;
mod refusal;
mod sentence_piece;
mod single;
pub mod unigram;
mod vocabulary;
mod window;

pub use file::compact;
pub use file::json::{JsonReader, TokenizerJson};
pub use file::reader::{TokenizerReader, compact_form};
use hugging_face::General;
pub use pair::{Pair, Query};
use sentence_piece::SentencePiece;
pub use single::Single;
pub use vocabulary::Vocabulary;
pub use window::{Window, Windows};

use crate::error::Result;

/// A Hugging Face `tokenizer.json`, as JSON or in the [compact] form. The engine ignores its padding and
/// truncation.
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
    /// Returns the ids of a single text, without special tokens.
    ///
    /// # Errors
    /// `invalid_input` for a text that the tokenizer cannot express, `out_of_memory`.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        self.first_ids(text, usize::MAX)
    }

    /// Returns the ids of `text`, or at least the first `wanted` of them.
    fn first_ids(&self, text: &str, wanted: usize) -> Result<Vec<u32>> {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.ids(text, wanted),
            Pipeline::General(pipeline) => pipeline.ids(text),
        }
    }

    /// Returns the ids of `text`, and the byte at which each token starts.
    fn ids_and_starts(&self, text: &str) -> Result<(Vec<u32>, Vec<usize>)> {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.ids_and_starts(text),
            Pipeline::General(pipeline) => pipeline.ids_and_starts(text),
        }
    }

    /// Returns the largest id of a piece or an added token.
    pub fn last_id(&self) -> u32 {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.last_id(),
            Pipeline::General(pipeline) => pipeline.last_id(),
        }
    }

    /// Returns the number of special tokens in a pair.
    fn special_tokens(&self) -> usize {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.special_tokens(),
            Pipeline::General(pipeline) => pipeline.special_tokens(),
        }
    }

    /// Returns the number of special tokens beside a single text.
    fn special_tokens_of_single(&self) -> usize {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => pipeline.special_tokens_of_single(),
            Pipeline::General(pipeline) => pipeline.special_tokens_of_single(),
        }
    }

    /// Puts the special tokens around a single text, and returns the segment of each token, too.
    fn surrounded(&self, text: &[u32]) -> Result<(Vec<u32>, Vec<u32>)> {
        match &self.pipeline {
            Pipeline::SentencePiece(pipeline) => Ok(pipeline.single(text)),
            Pipeline::General(pipeline) => pipeline.single(text),
        }
    }

    /// Joins query and document into the ids of a pair, and returns the segment of each.
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

    /// In the trie of mini's vocabulary, the offset of one node is the place of the root.
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
