//! One scoring call. It scores a few documents at a time, so that the caller can report progress or stop in between.

use std::ops::Range;
use std::sync::Arc;

use super::batches::Batches;
use super::reranker::Reranker;
use super::score::{ScoredDocument, sigmoid};
use crate::error::{Error, Result};
use crate::graph::TokenSequence;
use crate::tokenizer::{Pair, Query, Window, Windows};

/// A window repeats 1 / `OVERLAP` of the one before. So a passage that a border cuts is whole in one of them.
const OVERLAP: usize = 8;

/// The treatment of a document that does not fit beside the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LongDocuments {
    /// Cuts off its end.
    #[default]
    Truncate,
    /// Scores it in overlapping windows; the best one counts.
    Chunk,
}

/// A query and its documents, with the scores so far. The caller cancels by dropping it.
pub struct Job {
    reranker: Arc<Reranker>,
    query: Query,
    documents: Vec<String>,
    long_documents: LongDocuments,
    /// Number of tokenised documents.
    tokenised: usize,
    /// The remaining windows of the last tokenised document.
    windows: Option<Windows>,
    /// Each pair without its score, and true for the last of its document.
    under_way: Batches<(ScoredDocument, bool), f32>,
    /// The best window so far of a document with further windows.
    unfinished: Option<ScoredDocument>,
    scored: Vec<ScoredDocument>,
    failed: bool,
}

/// A document beside the query, or a window of it, without its score; true for the last of its document.
type WaitingPair = ((ScoredDocument, bool), TokenSequence);

impl Reranker {
    /// Starts a job that scores `documents` against `query` in pairs of at most `max_tokens` tokens. The model's limit
    /// holds if that is absent or larger. `long_documents` says how to treat longer documents.
    ///
    /// # Errors
    /// `invalid_input` for a blank query or one that leaves no room for a document.
    pub fn start(
        self: &Arc<Self>,
        query: &str,
        documents: Vec<String>,
        max_tokens: Option<usize>,
        long_documents: LongDocuments,
    ) -> Result<Job> {
        if query.trim().is_empty() {
            return Err(Error::InvalidInput("the query is blank; pass one with words".to_owned()));
        }
        let query = self.model.tokenizer.query(query, self.model.limit(max_tokens))?;
        Ok(Job::new(Arc::clone(self), query, documents, long_documents))
    }
}

impl Job {
    fn new(reranker: Arc<Reranker>, query: Query, documents: Vec<String>, long_documents: LongDocuments) -> Self {
        Self {
            scored: Vec::with_capacity(documents.len()),
            reranker,
            query,
            documents,
            long_documents,
            tokenised: 0,
            windows: None,
            under_way: Batches::default(),
            unfinished: None,
            failed: false,
        }
    }

    /// Returns the documents scored so far, in the order of the list.
    pub fn scored(&self) -> &[ScoredDocument] {
        &self.scored
    }

    /// Scores the next pair, or the next few short ones, while other threads score the following ones. Returns true
    /// while documents wait.
    ///
    /// # Errors
    /// Those of the tokenizer and the graph. The job is over then; every later call fails too.
    pub fn step(&mut self) -> Result<bool> {
        if self.failed {
            return Err(Error::Internal("the job failed before and scores no more documents".to_owned()));
        }
        let result = self.score_batch();
        self.failed = result.is_err();
        result.map(|()| self.scored.len() < self.documents.len())
    }

    fn score_batch(&mut self) -> Result<()> {
        let reranker = Arc::clone(&self.reranker);
        let mut under_way = std::mem::take(&mut self.under_way);
        let scored = under_way.step(|| self.take_pair(), move |sequences| reranker.model.graph.logits(sequences));
        self.under_way = under_way;
        for ((document, last), logit) in scored?.unwrap_or_default() {
            self.take_score(ScoredDocument { logit, score: sigmoid(logit), ..document }, last);
        }
        Ok(())
    }

    /// Returns the next pair; `None` after the last.
    fn take_pair(&mut self) -> Result<Option<WaitingPair>> {
        if let Some(windows) = self.windows.take() {
            return self.next_window(windows, self.tokenised - 1);
        }
        let index = self.tokenised;
        let Some(document) = self.documents.get(index) else { return Ok(None) };
        self.tokenised += 1;
        match self.long_documents {
            LongDocuments::Truncate => {
                let pair = self.reranker.model.tokenizer.pair(&self.query, document)?;
                Ok(Some(waiting(index, pair, None, true)))
            }
            LongDocuments::Chunk => {
                let overlap = self.query.document_budget() / OVERLAP;
                let windows = self.reranker.model.tokenizer.windows(&self.query, document, overlap)?;
                self.next_window(windows, index)
            }
        }
    }

    /// Returns the next window of a document and keeps the others.
    fn next_window(&mut self, mut windows: Windows, index: usize) -> Result<Option<WaitingPair>> {
        let window = windows.next(&self.reranker.model.tokenizer, &self.query, &self.documents[index])?;
        Ok(window.map(|Window { pair, utf16, last, only, .. }| {
            if !last {
                self.windows = Some(windows);
            }
            waiting(index, pair, (!only).then_some(utf16), last)
        }))
    }

    /// Keeps the best of several windows, the first among equals, and adds up their tokens.
    fn take_score(&mut self, scored: ScoredDocument, last: bool) {
        let best = match self.unfinished.take() {
            None => scored,
            Some(best) => {
                let tokens = best.tokens + scored.tokens;
                let better = if scored.logit > best.logit { scored } else { best };
                ScoredDocument { tokens, ..better }
            }
        };
        if last {
            self.scored.push(best);
        } else {
            self.unfinished = Some(best);
        }
    }

    /// Scores all waiting documents. They stay in the order of the list.
    ///
    /// # Errors
    /// As [`Job::step`].
    pub fn finish(mut self) -> Result<Vec<ScoredDocument>> {
        while self.step()? {}
        Ok(self.scored)
    }
}

/// `window` is in UTF-16 code units, and `None` for a whole document or a cut one. `last` is true if no other window of
/// the document follows.
fn waiting(
    index: usize,
    Pair { ids, type_ids, truncated }: Pair,
    window: Option<Range<usize>>,
    last: bool,
) -> WaitingPair {
    let document = ScoredDocument { index, logit: 0.0, score: 0.0, tokens: ids.len(), truncated, window };
    ((document, last), TokenSequence { ids, type_ids })
}
