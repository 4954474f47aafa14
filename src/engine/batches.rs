//! Batches of sequences on their way through the threads, in the order of the list.

use std::collections::VecDeque;

use crate::error::Result;
use crate::graph::TokenSequence;
use crate::threads::{self, Task};

/// Most tokens of the sequences in one batch. So many rows make reading the weights worthwhile. A longer sequence runs
/// alone, so no step takes longer than the longest sequence.
const TOKENS_TOGETHER: usize = 256;

/// Sequences that run together, and what is known of each already.
struct Batch<Item, Value> {
    items: Vec<Item>,
    values: Task<Result<Vec<Value>>>,
}

/// The batches that threads run or will run.
pub struct Batches<Item, Value> {
    under_way: VecDeque<Batch<Item, Value>>,
    /// A sequence that did not fit into the last batch.
    waiting: Option<(Item, TokenSequence)>,
}

impl<Item, Value> Default for Batches<Item, Value> {
    fn default() -> Self {
        Self { under_way: VecDeque::new(), waiting: None }
    }
}

impl<Item, Value: Send + 'static> Batches<Item, Value> {
    /// Waits for the first batch, while other threads run the following ones; `None` after the last. `next` returns the
    /// next sequence and what is known of it, `None` after the last. `run` returns a value for each sequence.
    ///
    /// # Errors
    /// Those of `next` and of `run`.
    pub fn step<Run>(
        &mut self,
        mut next: impl FnMut() -> Result<Option<(Item, TokenSequence)>>,
        run: Run,
    ) -> Result<Option<Vec<(Item, Value)>>>
    where
        Run: Fn(&[TokenSequence]) -> Result<Vec<Value>> + Clone + Send + 'static,
    {
        // Twice as many as threads, so that a thread always finds the next one.
        let wanted = if threads::count() == 1 { 1 } else { 2 * threads::count() };
        while self.under_way.len() < wanted {
            let (items, sequences) = self.next_batch(&mut next)?;
            if items.is_empty() {
                break;
            }
            let run = run.clone();
            self.under_way.push_back(Batch { items, values: Task::new(move || run(&sequences)) });
        }
        let Some(Batch { items, mut values }) = self.under_way.pop_front() else { return Ok(None) };
        let values = loop {
            values.help();
            if let Some(values) = values.take() {
                break values?;
            }
        };
        Ok(Some(items.into_iter().zip(values).collect()))
    }

    fn next_batch(
        &mut self,
        next: &mut impl FnMut() -> Result<Option<(Item, TokenSequence)>>,
    ) -> Result<(Vec<Item>, Vec<TokenSequence>)> {
        let (mut items, mut sequences, mut tokens) = (Vec::new(), Vec::new(), 0);
        while let Some((item, sequence)) = self.waiting.take().map_or_else(&mut *next, |waiting| Ok(Some(waiting)))? {
            let length = sequence.ids.len();
            if tokens > 0 && tokens + length > TOKENS_TOGETHER {
                self.waiting = Some((item, sequence));
                break;
            }
            tokens += length;
            items.push(item);
            sequences.push(sequence);
        }
        Ok((items, sequences))
    }
}
