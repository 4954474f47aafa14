//! The best segmentation of a word.

use super::{Scores, Unigram};
use crate::error::{Error, Result};

/// Room for longer words than this is given back after use.
const KEPT_WORD_BYTES: usize = 1 << 14;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub id: u32,
    /// Where its text ends; it starts where the one before ends. Tokens that spell one text in bytes share an end.
    pub end: usize,
}

/// Best way found to a place in the word: the piece that ends there. `length` is 0 where there is none.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    score: f64,
    id: u32,
    length: u32,
}

/// Memory that calls share.
#[derive(Debug, Default)]
pub struct Scratch {
    steps: Vec<Step>,
}

impl Unigram {
    /// Appends the tokens of `word` to `tokens`; their ends count from `start`.
    ///
    /// # Errors
    /// `invalid_input` for a character that no piece covers, where the model has no unknown piece.
    pub fn tokenize(&self, word: &str, start: usize, scratch: &mut Scratch, tokens: &mut Vec<Token>) -> Result<()> {
        match &self.scores {
            Scores::Single(scores) => self.find_best(word, |id| f64::from(scores[id as usize]), scratch)?,
            Scores::Double(scores) => self.find_best(word, |id| scores[id as usize], scratch)?,
        }
        self.collect(word, start, &scratch.steps, tokens);
        if scratch.steps.capacity() > KEPT_WORD_BYTES {
            *scratch = Scratch::default();
        }
        Ok(())
    }

    /// Fills `scratch.steps`. Sums and comparisons are in the order of the `tokenizers` crate, so that ties fall alike.
    #[inline]
    fn find_best(&self, word: &str, score_of: impl Fn(u32) -> f64, scratch: &mut Scratch) -> Result<()> {
        let bytes = word.as_bytes();
        let steps = &mut scratch.steps;
        steps.clear();
        steps.resize(bytes.len() + 1, Step::default());
        let mut start = 0;
        while start < bytes.len() {
            let score_here = steps[start].score;
            let character = character_length(bytes[start]);
            let mut covers_character = false;
            let ends = &mut steps[start..];
            self.trie.prefixes(&bytes[start..], |length, id| {
                let candidate = score_of(id) + score_here;
                let step = &mut ends[length];
                if step.length == 0 || candidate > step.score {
                    *step = Step { score: candidate, id, length: length as u32 };
                }
                covers_character |= length == character;
            });
            if !covers_character {
                let candidate = self.unknown_score + score_here;
                let step = &mut ends[character];
                if step.length == 0 || candidate > step.score {
                    let id = self.unknown_id.ok_or_else(|| {
                        Error::InvalidInput("the tokenizer has no token for a character of the text".to_owned())
                    })?;
                    *step = Step { score: candidate, id, length: character as u32 };
                }
            }
            start += character;
        }
        Ok(())
    }

    fn collect(&self, word: &str, start: usize, steps: &[Step], tokens: &mut Vec<Token>) {
        let first = tokens.len();
        let mut end = word.len();
        while end > 0 {
            let Step { id, length, .. } = steps[end];
            let begin = end - length as usize;
            if Some(id) == self.unknown_id {
                let begin = self.unknown_run(begin, steps);
                self.push_unknown(&word[begin..end], id, start + end, tokens);
                end = begin;
            } else {
                tokens.push(Token { id, end: start + end });
                end = begin;
            }
        }
        tokens[first..].reverse();
    }

    /// Where the unknown pieces that end at `begin` start: a run of them is one token.
    fn unknown_run(&self, mut begin: usize, steps: &[Step]) -> usize {
        while begin > 0 && Some(steps[begin].id) == self.unknown_id {
            begin -= steps[begin].length as usize;
        }
        begin
    }

    /// A run of unknown pieces may spell a known one, or go as its bytes. Tokens are pushed last first.
    fn push_unknown(&self, run: &str, unknown_id: u32, end: usize, tokens: &mut Vec<Token>) {
        if let Some(id) = self.trie.get(run.as_bytes()) {
            tokens.push(Token { id, end });
            return;
        }
        let first = tokens.len();
        if let Some(byte_ids) = &self.byte_ids {
            for byte in run.bytes().rev() {
                let Some(id) = byte_ids[usize::from(byte)] else {
                    tokens.truncate(first);
                    break;
                };
                tokens.push(Token { id, end });
            }
        }
        if tokens.len() == first {
            tokens.push(Token { id: unknown_id, end });
        }
    }
}

/// Bytes of the UTF-8 character that starts with `first`.
#[inline]
pub fn character_length(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}
