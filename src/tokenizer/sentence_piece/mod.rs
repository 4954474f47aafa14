//! The pipeline of XLM-RoBERTa and its kin, from text to ids without the detours of a general one: SentencePiece's
//! character map, words that start with `▁`, a unigram model. The ids are those of the `tokenizers` crate.

mod added_tokens;
mod aligned;
mod base64;
mod characters;
mod description;
mod template;

pub use description::Description;

/// False where the `tokenizers` crate could panic on a character map that it reads from `text`.
pub fn is_sound_character_map(text: &str) -> bool {
    let map = base64::decode(text).and_then(|bytes| CharacterMap::from_bytes(&bytes));
    map.is_some_and(|map| map.is_sound())
}

use std::sync::{Mutex, PoisonError};

use added_tokens::{AddedTokens, Span};
use aligned::AlignedText;
use characters::CharacterMap;
use template::Template;

use super::unigram::{Scratch, Token, Unigram};
use crate::error::Result;

/// What starts a word.
const WORD_START: char = '\u{2581}';

#[derive(Debug)]
pub struct SentencePiece {
    /// Found in the text as it comes.
    raw_tokens: AddedTokens,
    characters: CharacterMap,
    /// What follows the character map.
    steps: Vec<Step>,
    /// Found in the normal form.
    normal_tokens: AddedTokens,
    words: Words,
    unigram: Unigram,
    template: Template,
    workspace: Mutex<Workspace>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Trim { left: bool, right: bool },
    ReplaceRunsOfSpaces(String),
}

/// How text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Words {
    /// White space goes, and what it parted is cut on its own.
    splits_at_white_space: bool,
    /// A text that does not start with [`WORD_START`] gets one.
    adds_word_start: bool,
}

/// Memory that calls share.
#[derive(Debug, Default)]
struct Workspace {
    normal: AlignedText,
    word: String,
    tokens: Vec<Token>,
    scratch: Scratch,
}

/// Texts longer than this do not leave their memory behind.
const KEPT_TEXT_BYTES: usize = 1 << 16;

impl SentencePiece {
    pub fn special_tokens(&self) -> usize {
        self.template.special_tokens()
    }

    pub fn pair(&self, query: &[u32], document: &[u32]) -> (Vec<u32>, Vec<u32>) {
        self.template.pair(query, document)
    }

    /// The ids of `text`; where there are more than `enough`, that many and at least one more.
    ///
    /// # Errors
    /// As [`Unigram::tokenize`].
    pub fn ids(&self, text: &str, enough: usize) -> Result<Vec<u32>> {
        // A panic elsewhere leaves nothing in it that the next text would read.
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids = Vec::new();
        self.encode(text, enough, &mut workspace, &mut ids, &mut Vec::new())?;
        if workspace.normal.text().len() > KEPT_TEXT_BYTES || workspace.word.capacity() > KEPT_TEXT_BYTES {
            *workspace = Workspace::default();
        }
        Ok(ids)
    }

    /// The ids of `text`, and where in it each token starts.
    ///
    /// # Errors
    /// As [`Unigram::tokenize`].
    pub fn ids_and_starts(&self, text: &str) -> Result<(Vec<u32>, Vec<usize>)> {
        let mut workspace = Workspace { normal: AlignedText::with_origins(), ..Workspace::default() };
        let (mut ids, mut starts) = (Vec::new(), Vec::new());
        self.encode(text, usize::MAX, &mut workspace, &mut ids, &mut starts)?;
        Ok((ids, starts))
    }

    /// The normal form of a pattern.
    fn normal_form(characters: &CharacterMap, steps: &[Step], text: &str) -> String {
        let mut normal = AlignedText::default();
        normalize(characters, steps, text, 0, &mut normal);
        normal.text().to_owned()
    }

    fn encode(
        &self,
        text: &str,
        enough: usize,
        workspace: &mut Workspace,
        ids: &mut Vec<u32>,
        starts: &mut Vec<usize>,
    ) -> Result<()> {
        let mut result = Ok(());
        self.raw_tokens.split(text, |span| {
            match span {
                Span::Token { id, start } => {
                    ids.push(id);
                    starts.push(start);
                }
                Span::Text { start, end } => {
                    result = self.encode_span(&text[start..end], start, enough, workspace, ids, starts);
                }
            }
            result.is_ok() && ids.len() <= enough
        });
        result
    }

    /// Encodes text without raw tokens, which starts at `origin` of the whole.
    fn encode_span(
        &self,
        text: &str,
        origin: usize,
        enough: usize,
        Workspace { normal, word, tokens, scratch }: &mut Workspace,
        ids: &mut Vec<u32>,
        starts: &mut Vec<usize>,
    ) -> Result<()> {
        normal.clear();
        normalize(&self.characters, &self.steps, text, origin, normal);
        let normal = &*normal;
        let mut result = Ok(());
        self.normal_tokens.split(normal.text(), |span| {
            match span {
                Span::Token { id, start } => {
                    ids.push(id);
                    starts.push(normal.origin(start));
                }
                Span::Text { start, end } => {
                    self.words.for_each(&normal.text()[start..end], word, |word, added, word_start| {
                        tokens.clear();
                        result = self.unigram.tokenize(word, 0, scratch, tokens);
                        let (mut token_start, mut token_end) = (0, 0);
                        for token in &*tokens {
                            ids.push(token.id);
                            // Tokens that spell one text in bytes share its end, and so its start.
                            if token.end != token_end {
                                (token_start, token_end) = (token_end, token.end);
                            }
                            // In the normal form a space has one byte, and the word start in its place three.
                            let start_in_normal = start + word_start + token_start.max(added) - added;
                            starts.push(normal.origin(start_in_normal));
                        }
                        result.is_ok() && ids.len() <= enough
                    });
                }
            }
            result.is_ok() && ids.len() <= enough
        });
        result
    }
}

fn normalize(characters: &CharacterMap, steps: &[Step], text: &str, origin: usize, normal: &mut AlignedText) {
    characters.normalize(text, origin, normal);
    for step in steps {
        match step {
            Step::Trim { left, right } => normal.trim(*left, *right),
            Step::ReplaceRunsOfSpaces(replacement) => normal.replace_runs_of_spaces(replacement),
        }
    }
}

impl Words {
    /// Calls `visit(word, added, start)` for each word of `text` until it returns false: `start` is where the word starts
    /// in `text`, and `added` by how many bytes its own start is longer there. `word` is memory to use.
    fn for_each(self, text: &str, word: &mut String, mut visit: impl FnMut(&str, usize, usize) -> bool) {
        if self.splits_at_white_space {
            let mut end = 0;
            for part in text.split_inclusive(char::is_whitespace) {
                let start = end;
                end += part.len();
                if !self.cut(part.trim_end(), start, word, &mut visit) {
                    return;
                }
            }
        } else {
            self.cut(text, 0, word, &mut visit);
        }
    }

    fn cut(
        self,
        text: &str,
        origin: usize,
        word: &mut String,
        visit: &mut impl FnMut(&str, usize, usize) -> bool,
    ) -> bool {
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
                visit(body, 0, origin + start)
            } else {
                word.clear();
                word.push(WORD_START);
                word.push_str(body);
                visit(word, added, origin + start)
            };
            if !go_on {
                return false;
            }
            start += length;
        }
        true
    }
}

/// Where the next word starts.
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
