//! One call: documents are scored a few at a time, so that the caller can report progress or stop between them.

use std::sync::Arc;

use super::Reranker;
use super::ranking::{RankedDocument, rank, sigmoid};
use crate::error::Result;
use crate::graph::TokenSequence;
use crate::tokenizer::{Pair, Query};

/// Tokens of the documents that are scored together: enough that the weights are not read for a few rows only. A longer
/// document is scored alone, so no step takes longer than one document may.
const TOKENS_TOGETHER: usize = 256;

/// A query and the documents that wait for their scores. Dropping it is how a call is cancelled.
#[derive(Debug)]
pub struct Job {
    reranker: Arc<Reranker>,
    query: Query,
    documents: Vec<String>,
    /// The next document, where it is tokens already.
    next: Option<Pair>,
    scored: Vec<RankedDocument>,
}

impl Job {
    pub(super) fn new(reranker: Arc<Reranker>, query: Query, documents: Vec<String>) -> Self {
        let scored = Vec::with_capacity(documents.len());
        Self { reranker, query, documents, next: None, scored }
    }

    /// Number of documents.
    pub fn total(&self) -> usize {
        self.documents.len()
    }

    /// Documents scored so far.
    pub fn done(&self) -> usize {
        self.scored.len()
    }

    /// Scores the next document, or the next few short ones; true while more of them wait.
    ///
    /// # Errors
    /// What the tokenizer and the graph give; these documents count as not scored.
    pub fn step(&mut self) -> Result<bool> {
        let mut sequences = Vec::new();
        let mut scored = Vec::new();
        let (mut tokens, mut left) = (0, None);
        while let Some(pair) = self.take_next(self.scored.len() + sequences.len())? {
            if tokens > 0 && tokens + pair.ids.len() > TOKENS_TOGETHER {
                left = Some(pair);
                break;
            }
            let Pair { ids, type_ids, truncated } = pair;
            tokens += ids.len();
            scored.push((ids.len(), truncated));
            sequences.push(TokenSequence { ids, type_ids });
        }
        let logits = self.reranker.graph.logits(&sequences)?;
        self.next = left;
        for (logit, (tokens, truncated)) in logits.into_iter().zip(scored) {
            let index = self.scored.len();
            self.scored.push(RankedDocument { index, logit, score: sigmoid(logit), tokens, truncated });
        }
        Ok(self.scored.len() < self.documents.len())
    }

    /// The document at `index` as tokens; `None` behind the last.
    fn take_next(&mut self, index: usize) -> Result<Option<Pair>> {
        if let Some(pair) = self.next.take() {
            return Ok(Some(pair));
        }
        self.documents.get(index).map(|document| self.reranker.tokenizer.pair(&self.query, document)).transpose()
    }

    /// Scores whatever still waits and ranks all: best first, ties by index, at most `top_n`.
    ///
    /// # Errors
    /// As [`Job::step`].
    pub fn finish(mut self, top_n: Option<usize>) -> Result<Vec<RankedDocument>> {
        while self.step()? {}
        Ok(rank(self.scored, top_n))
    }
}
