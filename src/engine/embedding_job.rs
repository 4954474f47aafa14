//! One embedding call. It embeds a few texts at a time, so that the caller can report progress or stop in between.

use std::sync::Arc;

use serde::Serialize;

use super::batches::{Batch, Batches, TOKENS_TOGETHER};
use super::embedder::{Embedder, unit};
use crate::error::{Error, Result};
use crate::graph::TokenSequence;
use crate::threads::Task;
use crate::tokenizer::Single;

/// A text with its vector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmbeddedText {
    /// Position in the list that the caller passed.
    pub index: usize,
    /// Number of tokens, special tokens included.
    pub tokens: usize,
    /// True if the text was cut to fit.
    pub truncated: bool,
    /// Its length is 1.
    #[serde(skip)]
    pub vector: Vec<f32>,
}

/// Texts, with the vectors so far. The caller cancels by dropping it.
pub struct EmbeddingJob {
    embedder: Arc<Embedder>,
    texts: Vec<String>,
    /// Most tokens of a text without the special ones.
    budget: usize,
    /// Number of tokenised texts.
    tokenised: usize,
    /// A text that did not fit into the last batch.
    next: Option<Single>,
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
    pub fn start(self: &Arc<Self>, texts: Vec<String>, max_tokens: Option<usize>) -> Result<EmbeddingJob> {
        Ok(EmbeddingJob {
            budget: self.model.tokenizer.single_budget(self.model.limit(max_tokens))?,
            embedder: Arc::clone(self),
            embedded: Vec::with_capacity(texts.len()),
            texts,
            tokenised: 0,
            next: None,
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
    /// Those of the tokenizer and the graph. The job is over then; every later call fails too.
    pub fn step(&mut self) -> Result<bool> {
        if self.failed {
            return Err(Error::Internal("the job failed before and embeds no more texts".to_owned()));
        }
        let mut under_way = std::mem::take(&mut self.under_way);
        let embedded = under_way.step(|| self.next_batch());
        self.under_way = under_way;
        self.failed = embedded.is_err();
        for (text, vector) in embedded?.unwrap_or_default() {
            self.embedded.push(EmbeddedText { vector: unit(vector), ..text });
        }
        Ok(self.embedded.len() < self.texts.len())
    }

    /// Hands the next texts to the threads; `None` after the last.
    fn next_batch(&mut self) -> Result<Option<Batch<EmbeddedText, Vec<f32>>>> {
        let (mut items, mut sequences, mut tokens) = (Vec::new(), Vec::new(), 0);
        while let Some(single) = self.take_text()? {
            let length = single.ids.len();
            if tokens > 0 && tokens + length > TOKENS_TOGETHER {
                self.next = Some(single);
                break;
            }
            tokens += length;
            let Single { ids, type_ids, truncated } = single;
            sequences.push(TokenSequence { ids, type_ids });
            items.push(EmbeddedText { index: self.tokenised - 1, tokens: length, truncated, vector: Vec::new() });
        }
        if items.is_empty() {
            return Ok(None);
        }
        let embedder = Arc::clone(&self.embedder);
        Ok(Some(Batch { items, values: Task::new(move || embedder.model.graph.vectors(&sequences)) }))
    }

    /// Returns the next text; `None` after the last.
    fn take_text(&mut self) -> Result<Option<Single>> {
        if let Some(single) = self.next.take() {
            return Ok(Some(single));
        }
        let Some(text) = self.texts.get(self.tokenised) else { return Ok(None) };
        self.tokenised += 1;
        self.embedder.model.tokenizer.single(text, self.budget).map(Some)
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
