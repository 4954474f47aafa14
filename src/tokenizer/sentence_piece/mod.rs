//! The pipeline of XLM-RoBERTa and its kin, from text to ids without the detours of a general one: SentencePiece's
//! character map, words that start with `▁`, a unigram model. The ids are those of the `tokenizers` crate.

mod added_tokens;
mod aligned;
mod base64;
mod characters;
mod description;
mod template;
mod words;

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
use words::Words;

use super::unigram::{Scratch, Token, Unigram};
use crate::error::Result;

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
        if workspace.normal.capacity() > KEPT_TEXT_BYTES || workspace.word.capacity() > KEPT_TEXT_BYTES {
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
