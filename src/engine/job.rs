//! One call: documents are scored one by one, so that the caller can report progress or stop between them.

use std::sync::Arc;

use super::Reranker;
use super::ranking::{RankedDocument, rank, sigmoid};
use crate::error::Result;
use crate::graph::TokenSequence;
use crate::tokenizer::{Pair, Query};

/// A query and the documents that wait for their scores. Dropping it is how a call is cancelled.
#[derive(Debug)]
pub struct Job {
    reranker: Arc<Reranker>,
    query: Query,
    documents: Vec<String>,
    scored: Vec<RankedDocument>,
}

impl Job {
    pub(super) fn new(reranker: Arc<Reranker>, query: Query, documents: Vec<String>) -> Self {
        let scored = Vec::with_capacity(documents.len());
        Self { reranker, query, documents, scored }
    }

    /// Number of documents.
    pub fn total(&self) -> usize {
        self.documents.len()
    }

    /// Documents scored so far.
    pub fn done(&self) -> usize {
        self.scored.len()
    }

    /// Scores the next document; true while more of them wait.
    ///
    /// # Errors
    /// What the tokenizer and the graph give; the document counts as not scored.
    pub fn step(&mut self) -> Result<bool> {
        let index = self.scored.len();
        if let Some(document) = self.documents.get(index) {
            let Pair { ids, type_ids, truncated } = self.reranker.tokenizer.pair(&self.query, document)?;
            let tokens = ids.len();
            let logit = self.reranker.graph.logit(&TokenSequence { ids, type_ids })?;
            self.scored.push(RankedDocument { index, logit, score: sigmoid(logit), tokens, truncated });
        }
        Ok(self.scored.len() < self.documents.len())
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
