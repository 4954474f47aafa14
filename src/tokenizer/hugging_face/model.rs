//! The model inside the crate's pipeline: our compact unigram model, or one of the crate.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tokenizers::{AddedToken, ModelWrapper, Token, Trainer};

use crate::error::MemoryUse;
use crate::memory::reserve;
use crate::tokenizer::unigram::{Scratch, Unigram};

type Result<T> = tokenizers::Result<T>;

#[derive(Debug)]
pub enum Model {
    Unigram { unigram: Box<Unigram>, scratch: Mutex<Scratch> },
    Crate(Box<ModelWrapper>),
}

impl From<Unigram> for Model {
    fn from(unigram: Unigram) -> Self {
        Self::Unigram { unigram: Box::new(unigram), scratch: Mutex::default() }
    }
}

impl From<ModelWrapper> for Model {
    fn from(model: ModelWrapper) -> Self {
        Self::Crate(Box::new(model))
    }
}

impl tokenizers::Model for Model {
    type Trainer = NoTrainer;

    fn tokenize(&self, word: &str) -> Result<Vec<Token>> {
        match self {
            Self::Crate(model) => model.tokenize(word),
            Self::Unigram { unigram, scratch } => {
                let mut tokens = Vec::new();
                // After a panic elsewhere the scratch memory is still fine: the next word reads nothing from it.
                let mut scratch = scratch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let mut start = 0;
                let mut end = 0;
                unigram.tokenize(word, usize::MAX, &mut scratch, |token| {
                    if token.end != end {
                        start = end;
                        end = token.end;
                    }
                    reserve(&mut tokens, 1, MemoryUse::Text)?;
                    // Nothing reads the text of a token, and a string for each would take most of the time.
                    tokens.push(Token::new(token.id, String::new(), (start, end)));
                    Ok(())
                })?;
                Ok(tokens)
            }
        }
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Crate(model) => model.token_to_id(token),
            Self::Unigram { unigram, .. } => unigram.id(token),
        }
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        match self {
            Self::Crate(model) => model.id_to_token(id),
            Self::Unigram { unigram, .. } => {
                let mut token = None;
                unigram.trie().for_each(|piece, value| {
                    if value == id {
                        token = Some(piece.to_owned());
                    }
                });
                token
            }
        }
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        match self {
            Self::Crate(model) => model.get_vocab(),
            Self::Unigram { unigram, .. } => {
                let mut vocabulary = HashMap::with_capacity(unigram.len());
                unigram.trie().for_each(|piece, id| {
                    vocabulary.insert(piece.to_owned(), id);
                });
                vocabulary
            }
        }
    }

    fn get_vocab_size(&self) -> usize {
        match self {
            Self::Crate(model) => model.get_vocab_size(),
            Self::Unigram { unigram, .. } => unigram.len(),
        }
    }

    fn save(&self, _: &Path, _: Option<&str>) -> Result<Vec<PathBuf>> {
        Err("this model cannot be saved".into())
    }

    fn get_trainer(&self) -> NoTrainer {
        NoTrainer
    }
}

/// The trainer that the crate requires of each model. It trains nothing.
#[derive(Debug)]
pub struct NoTrainer;

impl Trainer for NoTrainer {
    type Model = Model;

    fn should_show_progress(&self) -> bool {
        false
    }

    fn train(&self, _: &mut Model) -> Result<Vec<AddedToken>> {
        Err("this model cannot be trained".into())
    }

    fn feed<I, S, F>(&mut self, _: I, _: F) -> Result<()>
    where
        I: Iterator<Item = S> + Send,
        S: AsRef<str> + Send,
        F: Fn(&str) -> Result<Vec<String>> + Sync,
    {
        Err("this model cannot be trained".into())
    }
}
