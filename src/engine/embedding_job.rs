//! One embedding call. It embeds a few texts at a time, so that the caller can report progress or stop in between.

use std::sync::Arc;

use super::batches::Batches;
use super::embedder::{Embedder, unit};
use crate::error::{Error, Result};
use crate::graph::TokenSequence;
use crate::tokenizer::Single;

/// A text, or the ids of its tokens as the model takes them, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    Plain(String),
    Ids(Vec<u32>),
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

/// A text with its vector.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddedText {
    /// Position in the list that the caller passed.
    pub index: usize,
    /// Number of tokens, special tokens included.
    pub tokens: usize,
    /// True if the text was cut to fit.
    pub truncated: bool,
    /// Its length is 1.
    pub vector: Vec<f32>,
}

/// Texts, with the vectors so far. The caller cancels by dropping it.
pub struct EmbeddingJob {
    embedder: Arc<Embedder>,
    texts: Vec<Text>,
    /// Most tokens of a text.
    most: usize,
    /// Most tokens of a text without the special ones.
    budget: usize,
    /// Number of tokenised texts.
    tokenised: usize,
    under_way: Batches<EmbeddedText, Vec<f32>>,
    embedded: Vec<EmbeddedText>,
    failed: bool,
}

impl Embedder {
    /// Starts a job that embeds `texts`, each cut to at most `max_tokens` tokens. The model's limit holds if that is
    /// absent or larger.
    ///
    /// # Errors
    /// `invalid_input` if `max_tokens` leaves no room for a text.
    pub fn start(self: &Arc<Self>, texts: Vec<Text>, max_tokens: Option<usize>) -> Result<EmbeddingJob> {
        let most = self.model.limit(max_tokens);
        Ok(EmbeddingJob {
            most,
            budget: self.model.tokenizer.single_budget(most)?,
            embedder: Arc::clone(self),
            embedded: Vec::with_capacity(texts.len()),
            texts,
            tokenised: 0,
            under_way: Batches::default(),
            failed: false,
        })
    }
}

impl EmbeddingJob {
    /// Returns the texts embedded so far, in the order of the list.
    pub fn embedded(&self) -> &[EmbeddedText] {
        &self.embedded
    }

    /// Embeds the next text, or the next few short ones, while other threads embed the following ones. Returns true
    /// while texts wait.
    ///
    /// # Errors
    /// Those of the tokenizer and the graph; `invalid_input` for ids that are none of the tokenizer's. The job is over
    /// then; every later call fails too.
    pub fn step(&mut self) -> Result<bool> {
        if self.failed {
            return Err(Error::Internal("the job failed before and embeds no more texts".to_owned()));
        }
        let embedder = Arc::clone(&self.embedder);
        let mut under_way = std::mem::take(&mut self.under_way);
        let embedded = under_way.step(|| self.take_text(), move |sequences| embedder.model.graph.vectors(sequences));
        self.under_way = under_way;
        self.failed = embedded.is_err();
        for (text, vector) in embedded?.unwrap_or_default() {
            self.embedded.push(EmbeddedText { vector: unit(vector), ..text });
        }
        Ok(self.embedded.len() < self.texts.len())
    }

    /// Returns the next text with its tokens; `None` after the last.
    fn take_text(&mut self) -> Result<Option<(EmbeddedText, TokenSequence)>> {
        let index = self.tokenised;
        let Some(text) = self.texts.get(index) else { return Ok(None) };
        self.tokenised += 1;
        let Single { ids, type_ids, truncated } = match text {
            Text::Plain(text) => self.embedder.model.tokenizer.single(text, self.budget)?,
            Text::Ids(ids) => self.given(ids)?,
        };
        let text = EmbeddedText { index, tokens: ids.len(), truncated, vector: Vec::new() };
        Ok(Some((text, TokenSequence { ids, type_ids })))
    }

    /// Checks the ids of a text, and cuts off their end if they do not fit.
    fn given(&self, ids: &[u32]) -> Result<Single> {
        let last = self.embedder.model.tokenizer.last_id();
        let wrong = ids.iter().find(|&&id| id > last);
        if let Some(id) = wrong {
            return Err(Error::InvalidInput(format!(
                "a token id is {id}; the model's tokenizer has ids from 0 to {last}; pass ids of this tokenizer, or a text"
            )));
        }
        if ids.is_empty() {
            return Err(Error::InvalidInput("a list of token ids is empty; pass one id or more".to_owned()));
        }
        let fitting = &ids[..ids.len().min(self.most)];
        Ok(Single { ids: fitting.to_vec(), type_ids: vec![0; fitting.len()], truncated: fitting.len() < ids.len() })
    }

    /// Embeds all waiting texts. They stay in the order of the list.
    ///
    /// # Errors
    /// As [`EmbeddingJob::step`].
    pub fn finish(mut self) -> Result<Vec<EmbeddedText>> {
        while self.step()? {}
        Ok(self.embedded)
    }
}
