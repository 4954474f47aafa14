//! Added tokens such as `<mask>`, which the pipeline finds in the text before the model sees it.

use crate::error::Result;

/// A token and the text that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedToken {
    pub id: u32,
    /// Not empty.
    pub pattern: String,
    /// True if it also takes the white space before it.
    pub strips_left: bool,
}

/// A part of a text, or a token in place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Text { start: usize, end: usize },
    Token { id: u32, start: usize },
}

#[derive(Debug)]
pub struct AddedTokens {
    tokens: Vec<AddedToken>,
    /// True for each byte that starts a pattern.
    is_start: Box<[bool; 256]>,
}

impl AddedTokens {
    pub fn new(mut tokens: Vec<AddedToken>) -> Self {
        // The longest pattern that matches at a place counts.
        tokens.sort_by_key(|token| std::cmp::Reverse(token.pattern.len()));
        let mut is_start = Box::new([false; 256]);
        for first in tokens.iter().filter_map(|token| token.pattern.bytes().next()) {
            is_start[usize::from(first)] = true;
        }
        Self { tokens, is_start }
    }

    pub fn last_id(&self) -> Option<u32> {
        self.tokens.iter().map(|token| token.id).max()
    }

    /// Calls `visit` with the spans of `text` in order, until it returns false.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn split(&self, text: &str, mut visit: impl FnMut(Span) -> Result<bool>) -> Result<()> {
        let bytes = text.as_bytes();
        let (mut done, mut position) = (0, 0);
        while let Some(skipped) = bytes[position..].iter().position(|&byte| self.is_start[usize::from(byte)]) {
            position += skipped;
            let matches = |token: &&AddedToken| bytes[position..].starts_with(token.pattern.as_bytes());
            let Some(token) = self.tokens.iter().find(matches) else {
                position += 1;
                continue;
            };
            let start = if token.strips_left { done + text[done..position].trim_end().len() } else { position };
            if done < start && !visit(Span::Text { start: done, end: start })? {
                return Ok(());
            }
            if !visit(Span::Token { id: token.id, start })? {
                return Ok(());
            }
            position += token.pattern.len();
            done = position;
        }
        if done < text.len() {
            visit(Span::Text { start: done, end: text.len() })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_then_the_longest_wins() {
        let token = |id, pattern: &str, strips_left| AddedToken { id, pattern: pattern.to_owned(), strips_left };
        let tokens = AddedTokens::new(vec![token(1, "<a", false), token(2, "<a>", true), token(3, "a", false)]);
        let mut spans = Vec::new();
        let split = tokens.split("é \n<a> <a a", |span| {
            spans.push(span);
            Ok(true)
        });
        split.unwrap();
        use Span::{Text, Token};
        let expected = [
            Text { start: 0, end: 2 },
            Token { id: 2, start: 2 },
            Text { start: 7, end: 8 },
            Token { id: 1, start: 8 },
            Text { start: 10, end: 11 },
            Token { id: 3, start: 11 },
        ];
        assert_eq!(spans, expected);
    }
}
