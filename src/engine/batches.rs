//! Batches of sequences on their way through the threads, in the order of the list.

use std::collections::VecDeque;

use crate::error::Result;
use crate::threads::{self, Task};

/// Most tokens of the sequences in one batch. So many rows make reading the weights worthwhile. A longer sequence runs
/// alone, so no step takes longer than the longest sequence.
pub const TOKENS_TOGETHER: usize = 256;

/// Sequences that run together, and what is known of each already.
pub struct Batch<Item, Value> {
    pub items: Vec<Item>,
    pub values: Task<Result<Vec<Value>>>,
}

/// The batches that threads run or will run.
pub struct Batches<Item, Value>(VecDeque<Batch<Item, Value>>);

impl<Item, Value> Default for Batches<Item, Value> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<Item, Value: Send + 'static> Batches<Item, Value> {
    /// Waits for the first batch, while other threads run those that `next` makes; `None` after the last.
    ///
    /// # Errors
    /// Those of `next` and of the batch.
    pub fn step(
        &mut self,
        mut next: impl FnMut() -> Result<Option<Batch<Item, Value>>>,
    ) -> Result<Option<Vec<(Item, Value)>>> {
        // Twice as many as threads, so that a thread always finds the next one.
        let wanted = if threads::count() == 1 { 1 } else { 2 * threads::count() };
        while self.0.len() < wanted {
            let Some(batch) = next()? else { break };
            self.0.push_back(batch);
        }
        let Some(Batch { items, mut values }) = self.0.pop_front() else { return Ok(None) };
        let values = loop {
            values.help();
            if let Some(values) = values.take() {
                break values?;
            }
        };
        Ok(Some(items.into_iter().zip(values).collect()))
    }
}
