//! Text made from an original, with the origin of each byte.

use crate::error::{Error, MemoryUse, Result};

/// A text, and for each of its bytes the start of the original character, if the caller wants origins. Without enough
/// memory the text is incomplete, and [`check`](Self::check) fails.
#[derive(Debug, Default)]
pub struct AlignedText {
    text: String,
    origins: Option<Vec<u32>>,
    /// Bytes of text that did not fit into memory.
    refused: Option<usize>,
}

impl AlignedText {
    /// Makes an empty text that records origins.
    pub fn with_origins() -> Self {
        Self { origins: Some(Vec::new()), ..Self::default() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the bytes of text that fit without another allocation.
    pub fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Returns the start of the original character behind byte `index`, or 0 without origins.
    pub fn origin(&self, index: usize) -> usize {
        self.origins.as_ref().and_then(|origins| origins.get(index)).map_or(0, |&origin| origin as usize)
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.refused = None;
        if let Some(origins) = &mut self.origins {
            origins.clear();
        }
    }

    /// Reserves memory for about `bytes` bytes.
    pub fn expect(&mut self, bytes: usize) {
        self.has_room(bytes);
    }

    /// # Errors
    /// `out_of_memory` if the text is incomplete.
    pub fn check(&self) -> Result<()> {
        match self.refused {
            Some(bytes) => Err(Error::OutOfMemory { purpose: MemoryUse::Text, bytes }),
            None => Ok(()),
        }
    }

    #[inline]
    pub fn push(&mut self, text: &str, origin: usize) {
        if !self.has_room(text.len()) {
            return;
        }
        self.text.push_str(text);
        if let Some(origins) = &mut self.origins {
            origins.extend(std::iter::repeat_n(saturated(origin), text.len()));
        }
    }

    #[inline]
    pub fn push_ascii(&mut self, byte: u8, origin: usize) {
        if !self.has_room(1) {
            return;
        }
        self.text.push(char::from(byte));
        if let Some(origins) = &mut self.origins {
            origins.push(saturated(origin));
        }
    }

    #[inline]
    fn has_room(&mut self, bytes: usize) -> bool {
        let origins_have = self.origins.as_ref().is_none_or(|origins| origins.capacity() - origins.len() >= bytes);
        self.text.capacity() - self.text.len() >= bytes && origins_have || self.make_room(bytes)
    }

    #[inline(never)]
    fn make_room(&mut self, bytes: usize) -> bool {
        let made = self.text.try_reserve(bytes).and_then(|()| match &mut self.origins {
            Some(origins) => origins.try_reserve(bytes),
            None => Ok(()),
        });
        if made.is_err() {
            self.refused.get_or_insert(self.text.len().saturating_add(bytes));
        }
        self.refused.is_none()
    }

    /// Replaces every run of two or more spaces by `replacement`.
    pub fn replace_runs_of_spaces(&mut self, replacement: &str) {
        if !self.text.contains("  ") {
            return;
        }
        let source = std::mem::take(&mut self.text);
        let origins = self.origins.as_mut().map(std::mem::take);
        let mut position = 0;
        while position < source.len() {
            let spaces = source[position..].bytes().take_while(|&byte| byte == b' ').count();
            if spaces >= 2 {
                self.push(replacement, origins.as_ref().map_or(0, |origins| origins[position] as usize));
                position += spaces;
                continue;
            }
            let rest = &source[position + spaces..];
            let end = position + spaces + rest.find(' ').unwrap_or(rest.len());
            if !self.has_room(end - position) {
                return;
            }
            self.text.push_str(&source[position..end]);
            if let (Some(target), Some(origins)) = (&mut self.origins, &origins) {
                target.extend_from_slice(&origins[position..end]);
            }
            position = end;
        }
    }

    pub fn trim(&mut self, left: bool, right: bool) {
        if right {
            self.text.truncate(self.text.trim_end().len());
        }
        if left {
            let start = self.text.len() - self.text.trim_start().len();
            self.text.drain(..start);
            if let Some(origins) = &mut self.origins {
                origins.drain(..start);
            }
        }
        if let Some(origins) = &mut self.origins {
            origins.truncate(self.text.len());
        }
    }
}

fn saturated(origin: usize) -> u32 {
    u32::try_from(origin).unwrap_or(u32::MAX)
}
