//! The short pipeline for tokenizers like XLM-RoBERTa's: SentencePiece's character map, words that start with `▁`, a
//! unigram model, a template. All of it is our own code, and it returns the same ids as the `tokenizers` crate. The
//! crate runs every other tokenizer ([`hugging_face`](super::hugging_face)).

mod added_tokens;
mod aligned;
mod base64;
mod characters;
mod description;
mod template;
mod tokens;
mod words;

pub use description::Description;

/// Returns false if the `tokenizers` crate could panic on the character map in `text`.
pub fn is_sound_character_map(text: &str) -> bool {
    let map = base64::decode(text).and_then(|bytes| CharacterMap::from_bytes(&bytes));
    map.is_some_and(|map| map.is_sound())
}

use std::sync::{Mutex, PoisonError};

use added_tokens::{AddedTokens, Span};
use aligned::AlignedText;
use characters::CharacterMap;
use template::Template;
use tokens::Tokens;
use words::Words;

use super::unigram::{Scratch, Unigram};
use crate::error::Result;

#[derive(Debug)]
pub struct SentencePiece {
    /// Tokens that are found in the original text.
    raw_tokens: AddedTokens,
    characters: CharacterMap,
    /// The steps after the character map.
    steps: Vec<Step>,
    /// Tokens that are found in the normal form.
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

/// Memory that calls share.
#[derive(Debug, Default)]
struct Workspace {
    normal: AlignedText,
    word: String,
    scratch: Scratch,
}

/// Memory for longer texts is freed after use.
const KEPT_TEXT_BYTES: usize = 1 << 16;

impl SentencePiece {
    pub fn last_id(&self) -> u32 {
        let added = [&self.raw_tokens, &self.normal_tokens].into_iter().filter_map(AddedTokens::last_id).max();
        self.unigram.last_id().max(added).unwrap_or_default()
    }

    pub fn special_tokens(&self) -> usize {
        self.template.special_tokens()
    }

    pub fn pair(&self, query: &[u32], document: &[u32]) -> (Vec<u32>, Vec<u32>) {
        self.template.pair(query, document)
    }

    pub fn special_tokens_of_single(&self) -> usize {
        self.template.special_tokens_of_single()
    }

    pub fn single(&self, text: &[u32]) -> (Vec<u32>, Vec<u32>) {
        self.template.single(text)
    }

    /// Returns the ids of `text`, or at least the first `wanted` of them.
    ///
    /// # Errors
    /// As [`Unigram::tokenize`].
    pub fn ids(&self, text: &str, wanted: usize) -> Result<Vec<u32>> {
        // After a panic elsewhere the memory is still fine: the next text reads nothing from it.
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tokens = Tokens::new(wanted);
        let result = self.encode(text, &mut workspace, &mut tokens);
        if workspace.normal.capacity() > KEPT_TEXT_BYTES || workspace.word.capacity() > KEPT_TEXT_BYTES {
            *workspace = Workspace::default();
        }
        result.map(|()| tokens.ids)
    }

    /// Returns the ids of `text`, and the byte at which each token starts.
    ///
    /// # Errors
    /// As [`Unigram::tokenize`].
    pub fn ids_and_starts(&self, text: &str) -> Result<(Vec<u32>, Vec<usize>)> {
        let mut workspace = Workspace { normal: AlignedText::with_origins(), ..Workspace::default() };
        let mut tokens = Tokens::with_starts();
        self.encode(text, &mut workspace, &mut tokens)?;
        Ok((tokens.ids, tokens.starts.unwrap_or_default()))
    }

    /// Returns the normal form of a pattern, or `None` without memory.
    fn normal_form(characters: &CharacterMap, steps: &[Step], text: &str) -> Option<String> {
        let mut normal = AlignedText::default();
        normalize(characters, steps, text, 0, &mut normal).ok()?;
        Some(normal.text().to_owned())
    }

    fn encode(&self, text: &str, workspace: &mut Workspace, tokens: &mut Tokens) -> Result<()> {
        self.raw_tokens.split(text, |span| {
            match span {
                Span::Token { id, start } => tokens.push(id, || start)?,
                Span::Text { start, end } => self.encode_span(&text[start..end], start, workspace, tokens)?,
            }
            Ok(tokens.missing() > 0)
        })
    }

    /// Encodes text without raw tokens. It starts at `origin` of the whole text.
    fn encode_span(
        &self,
        text: &str,
        origin: usize,
        Workspace { normal, word, scratch }: &mut Workspace,
        tokens: &mut Tokens,
    ) -> Result<()> {
        normal.clear();
        normalize(&self.characters, &self.steps, text, origin, normal)?;
        let normal = &*normal;
        self.normal_tokens.split(normal.text(), |span| {
            match span {
                Span::Token { id, start } => tokens.push(id, || normal.origin(start))?,
                Span::Text { start, end } => {
                    self.words.for_each(&normal.text()[start..end], word, |word, added, word_start| {
                        let (mut token_start, mut token_end) = (0, 0);
                        self.unigram.tokenize(word, tokens.missing(), scratch, |token| {
                            // Tokens that spell one text in bytes share its end, so they share its start.
                            if token.end != token_end {
                                (token_start, token_end) = (token_end, token.end);
                            }
                            // A space has one byte in the normal form. The word start in its place has three.
                            let start_in_normal = start + word_start + token_start.max(added) - added;
                            tokens.push(token.id, || normal.origin(start_in_normal))
                        })?;
                        Ok(tokens.missing() > 0)
                    })?;
                }
            }
            Ok(tokens.missing() > 0)
        })
    }
}

fn normalize(
    characters: &CharacterMap,
    steps: &[Step],
    text: &str,
    origin: usize,
    normal: &mut AlignedText,
) -> Result<()> {
    normal.expect(text.len());
    characters.normalize(text, origin, normal);
    for step in steps {
        match step {
            Step::Trim { left, right } => normal.trim(*left, *right),
            Step::ReplaceRunsOfSpaces(replacement) => normal.replace_runs_of_spaces(replacement),
        }
    }
    normal.check()
}
