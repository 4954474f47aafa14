//! One scoring call. It scores a few documents at a time, so that the caller can report progress or stop in between.

use std::ops::Range;
use std::sync::Arc;

use super::batches::{Batch, Batches, TOKENS_TOGETHER};
use super::reranker::Reranker;
use super::score::{ScoredDocument, sigmoid};
use crate::error::{Error, Result};
use crate::graph::TokenSequence;
use crate::threads::Task;
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
    /// A pair that did not fit into the last batch.
    next: Option<WaitingPair>,
    /// Each pair without its score, and true for the last of its document.
    under_way: Batches<(ScoredDocument, bool), f32>,
    /// The best window so far of a document with further windows.
    unfinished: Option<ScoredDocument>,
    scored: Vec<ScoredDocument>,
    failed: bool,
}

/// A document beside the query, or a window of it.
#[derive(Debug)]
struct WaitingPair {
    index: usize,
    pair: Pair,
    /// In UTF-16 code units; `None` for a whole document, or a cut one.
    window: Option<Range<usize>>,
    /// True if no other window of the document follows.
    last: bool,
}

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
            next: None,
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
        let mut under_way = std::mem::take(&mut self.under_way);
        let scored = under_way.step(|| self.next_batch());
        self.under_way = under_way;
        for ((document, last), logit) in scored?.unwrap_or_default() {
            self.take_score(ScoredDocument { logit, score: sigmoid(logit), ..document }, last);
        }
        Ok(())
    }

    /// Hands the next pairs to the threads; `None` after the last.
    fn next_batch(&mut self) -> Result<Option<Batch<(ScoredDocument, bool), f32>>> {
        let (mut pairs, mut sequences, mut tokens) = (Vec::new(), Vec::new(), 0);
        while let Some(waiting) = self.take_pair()? {
            let length = waiting.pair.ids.len();
            if tokens > 0 && tokens + length > TOKENS_TOGETHER {
                self.next = Some(waiting);
                break;
            }
            tokens += length;
            let WaitingPair { index, pair: Pair { ids, type_ids, truncated }, window, last } = waiting;
            sequences.push(TokenSequence { ids, type_ids });
            pairs.push((ScoredDocument { index, logit: 0.0, score: 0.0, tokens: length, truncated, window }, last));
        }
        if pairs.is_empty() {
            return Ok(None);
        }
        let reranker = Arc::clone(&self.reranker);
        Ok(Some(Batch { items: pairs, values: Task::new(move || reranker.model.graph.logits(&sequences)) }))
    }

    /// Returns the next pair; `None` after the last.
    fn take_pair(&mut self) -> Result<Option<WaitingPair>> {
        if let Some(waiting) = self.next.take() {
            return Ok(Some(waiting));
        }
        if let Some(windows) = self.windows.take() {
            return self.next_window(windows, self.tokenised - 1);
        }
        let index = self.tokenised;
        let Some(document) = self.documents.get(index) else { return Ok(None) };
        self.tokenised += 1;
        match self.long_documents {
            LongDocuments::Truncate => {
                let pair = self.reranker.model.tokenizer.pair(&self.query, document)?;
                Ok(Some(WaitingPair { index, pair, window: None, last: true }))
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
            WaitingPair { index, pair, window: (!only).then_some(utf16), last }
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
