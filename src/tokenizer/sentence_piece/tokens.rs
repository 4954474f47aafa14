//! The tokens of a text, collected as the pipeline finds them.

use crate::error::{MemoryUse, Result};
use crate::memory::reserve;

#[derive(Debug)]
pub struct Tokens {
    pub ids: Vec<u32>,
    /// The byte at which each token starts, if the caller wants that.
    pub starts: Option<Vec<usize>>,
    wanted: usize,
}

impl Tokens {
    /// Collects at least the first `wanted` tokens.
    pub fn new(wanted: usize) -> Self {
        Self { ids: Vec::new(), starts: None, wanted }
    }

    /// Collects all tokens and their starts.
    pub fn with_starts() -> Self {
        Self { starts: Some(Vec::new()), ..Self::new(usize::MAX) }
    }

    /// Returns the number of tokens still wanted.
    pub fn missing(&self) -> usize {
        self.wanted.saturating_sub(self.ids.len())
    }

    /// # Errors
    /// `out_of_memory`.
    #[inline]
    pub fn push(&mut self, id: u32, start: impl FnOnce() -> usize) -> Result<()> {
        reserve(&mut self.ids, 1, MemoryUse::Text)?;
        self.ids.push(id);
        if let Some(starts) = &mut self.starts {
            reserve(starts, 1, MemoryUse::Text)?;
            starts.push(start());
        }
        Ok(())
    }
}
