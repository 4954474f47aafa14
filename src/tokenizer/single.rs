//! Single texts for an embedding model, such as `[CLS] text [SEP]`.

use super::Tokenizer;
use crate::error::{Error, Result};

/// The tokens of a single text.
#[derive(Debug, PartialEq, Eq)]
pub struct Single {
    pub ids: Vec<u32>,
    /// The segment of each token.
    pub type_ids: Vec<u32>,
    /// True if the text was cut to fit.
    pub truncated: bool,
}

impl Tokenizer {
    /// Returns the most tokens of a text in a sequence of `max_tokens`, special tokens included.
    ///
    /// # Errors
    /// `invalid_input` if the special tokens leave no room for a text.
    pub fn single_budget(&self, max_tokens: usize) -> Result<usize> {
        let special = self.special_tokens_of_single();
        match max_tokens.checked_sub(special) {
            Some(budget) if budget > 0 => Ok(budget),
            _ => Err(Error::InvalidInput(format!(
                "the {special} special tokens leave no room for a text in {max_tokens} tokens; allow more"
            ))),
        }
    }

    /// Tokenises a text and cuts off its end behind `budget` tokens.
    ///
    /// # Errors
    /// As [`Tokenizer::ids`]; `internal` if the tokenizer refuses the text.
    pub fn single(&self, text: &str, budget: usize) -> Result<Single> {
        let mut ids = self.first_ids(text, budget.saturating_add(1))?;
        let truncated = ids.len() > budget;
        ids.truncate(budget);
        let (ids, type_ids) = self.surrounded(&ids)?;
        Ok(Single { ids, type_ids, truncated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of several scripts, and one longer than the budget below.
    const TEXTS: [&str; 5] =
        ["", "a", "The quick brown fox", "漢字と仮名 e\u{301} 🙂", "one two three four five six seven eight"];

    #[test]
    fn ids_are_those_of_the_tokenizers_crate() {
        for file in ["tests/fixtures/standin-tiny/tokenizer.json", "tests/fixtures/l12/tokenizer.json"] {
            let Ok(json) = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else { continue };
            let mut peer = tokenizers::Tokenizer::from_bytes(&json).unwrap();
            peer.with_padding(None);
            peer.with_truncation(None).unwrap();
            let tokenizer = Tokenizer::from_bytes(&json).unwrap();
            for text in TEXTS {
                let expected = peer.encode_fast(text, true).unwrap();
                let single = tokenizer.single(text, usize::MAX - 1).unwrap();
                assert_eq!((&single.ids[..], &single.type_ids[..]), (expected.get_ids(), expected.get_type_ids()));
                assert!(!single.truncated);
            }
        }
    }

    #[test]
    fn a_long_text_loses_its_end() {
        let json = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/pkg/mini/tokenizer.json")).unwrap();
        let tokenizer = Tokenizer::from_bytes(&json).unwrap();
        let whole = tokenizer.ids(TEXTS[4]).unwrap();
        let budget = tokenizer.single_budget(5).unwrap();
        let single = tokenizer.single(TEXTS[4], budget).unwrap();
        assert_eq!((single.ids.len(), single.truncated), (5, true));
        assert_eq!(single.ids[1..4], whole[..3]);
        assert_eq!(tokenizer.single_budget(2).unwrap_err().code(), "invalid_input");
    }
}
