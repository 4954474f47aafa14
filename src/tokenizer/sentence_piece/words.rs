//! The cutting of text into SentencePiece's words.

use crate::error::{MemoryUse, Result};
use crate::memory::reserve_text;

/// The character that starts a word.
pub const WORD_START: char = '\u{2581}';

/// The rules for cutting text into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Removes white space, and cuts the parts between it separately.
    pub splits_at_white_space: bool,
    /// Puts [`WORD_START`] before a text that does not start with it.
    pub adds_word_start: bool,
}

impl Words {
    /// Calls `visit(word, added, start)` for each word of `text` until it returns false. The word starts at `start` of
    /// `text`, and its beginning is `added` bytes longer than there. `word` is scratch memory.
    ///
    /// # Errors
    /// Those of `visit`; `out_of_memory`.
    pub fn for_each(
        self,
        text: &str,
        word: &mut String,
        mut visit: impl FnMut(&str, usize, usize) -> Result<bool>,
    ) -> Result<()> {
        if self.splits_at_white_space {
            let mut end = 0;
            for part in text.split_inclusive(char::is_whitespace) {
                let start = end;
                end += part.len();
                if !self.cut(part.trim_end(), start, word, &mut visit)? {
                    break;
                }
            }
        } else {
            self.cut(text, 0, word, &mut visit)?;
        }
        Ok(())
    }

    fn cut(
        self,
        text: &str,
        origin: usize,
        word: &mut String,
        visit: &mut impl FnMut(&str, usize, usize) -> Result<bool>,
    ) -> Result<bool> {
        let mut start = 0;
        while start < text.len() {
            let rest = &text[start..];
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let length = first + end_of_word(&rest.as_bytes()[first..]);
            let (body, added) = if let Some(body) = rest[..length].strip_prefix(' ') {
                (body, WORD_START.len_utf8() - 1)
            } else if start == 0 && self.adds_word_start && !rest.starts_with(WORD_START) {
                (&rest[..length], WORD_START.len_utf8())
            } else {
                (&rest[..length], 0)
            };
            let go_on = if added == 0 {
                visit(body, 0, origin + start)?
            } else {
                word.clear();
                reserve_text(word, WORD_START.len_utf8() + body.len(), MemoryUse::Text)?;
                word.push(WORD_START);
                word.push_str(body);
                visit(word, added, origin + start)?
            };
            if !go_on {
                return Ok(false);
            }
            start += length;
        }
        Ok(true)
    }
}

/// Returns the place at which the next word starts.
fn end_of_word(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(skipped) = bytes[from..].iter().position(|&byte| byte == b' ' || byte == 0xe2) {
        from += skipped;
        if bytes[from] == b' ' || bytes[from..].starts_with("\u{2581}".as_bytes()) {
            return from;
        }
        from += 1;
    }
    bytes.len()
}
