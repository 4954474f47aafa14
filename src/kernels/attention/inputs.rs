//! What attention reads.

use std::ops::Range;

use super::disentangled::Disentangled;
use super::rows::Rows;

/// Numbers that are added to the scores: for each query a row with one for each key.
#[derive(Debug, Clone, Copy)]
pub struct Bias<'a> {
    pub values: &'a [f32],
    /// Distance between the rows of one query in two heads; 0 if all heads have the same.
    pub head_stride: usize,
    pub rows: BiasRows,
}

/// How the rows of a bias follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BiasRows {
    /// The rows of two queries are so far apart; 0 if all queries have the same.
    Apart(usize),
    /// There is one number for each place of a key less that of a query: from −(n − 1) to n − 1, for n keys. The first
    /// query has the place `first` among the keys.
    Distances { first: usize },
}

impl<'a> Bias<'a> {
    /// The bias of the heads from `head` and the queries from `query`.
    pub fn starting_at(&self, head: usize, query: usize) -> Self {
        let head = head * self.head_stride;
        match self.rows {
            BiasRows::Apart(stride) => Self { values: &self.values[head + query * stride..], ..*self },
            BiasRows::Distances { first } => {
                Self { values: &self.values[head..], rows: BiasRows::Distances { first: first + query }, ..*self }
            }
        }
    }

    /// The row of a query in a head.
    pub fn row(&self, head: usize, query: usize, keys: usize) -> &'a [f32] {
        let place = match self.rows {
            BiasRows::Apart(stride) => query * stride,
            BiasRows::Distances { first } => keys - 1 - (first + query),
        };
        &self.values[head * self.head_stride + place..][..keys]
    }
}

/// The keys that a query sees: its own place, those up to `before` places in front of it and up to `after` behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocalWindow {
    pub before: usize,
    pub after: usize,
    /// Place of the first query among the keys.
    pub first: usize,
}

impl LocalWindow {
    /// The window of the queries from `query`.
    pub fn starting_at(&self, query: usize) -> Self {
        Self { first: self.first + query, ..*self }
    }

    /// The keys, of `count`, that a query sees.
    pub fn keys(&self, query: usize, count: usize) -> Range<usize> {
        let place = self.first + query;
        let end = place.saturating_add(self.after).saturating_add(1).min(count);
        place.saturating_sub(self.before).min(end)..end
    }
}

/// The input of attention. Head `h` of a row is at columns `h * head_size..(h + 1) * head_size`.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    pub queries: Rows<'a>,
    pub keys: Rows<'a>,
    /// As many rows as `keys`.
    pub values: Rows<'a>,
    /// Added to the scores, one number for each key; −∞ hides the key.
    pub mask: Option<&'a [f32]>,
    pub bias: Option<Bias<'a>>,
    pub disentangled: Option<Disentangled<'a>>,
    /// Hides the keys outside of it.
    pub window: Option<LocalWindow>,
    pub heads: usize,
    pub head_size: usize,
    /// Factor of the scores, usually 1/√head_size.
    pub scale: f32,
}
