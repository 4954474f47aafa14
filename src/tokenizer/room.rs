//! Room for what a text becomes: it may be as long as memory allows.

use crate::error::{Error, MemoryUse, Result};

/// Makes room in `list` for `count` more.
///
/// # Errors
/// `out_of_memory`.
#[inline]
pub fn make_room<Item>(list: &mut Vec<Item>, count: usize) -> Result<()> {
    if list.capacity() - list.len() < count {
        list.try_reserve(count).map_err(|_| no_memory(list.len().saturating_add(count), size_of::<Item>()))?;
    }
    Ok(())
}

/// The same for a text, in bytes.
///
/// # Errors
/// `out_of_memory`.
#[inline]
pub fn make_room_in_text(text: &mut String, bytes: usize) -> Result<()> {
    text.try_reserve(bytes).map_err(|_| no_memory(text.len().saturating_add(bytes), 1))
}

fn no_memory(count: usize, item_bytes: usize) -> Error {
    Error::OutOfMemory { purpose: MemoryUse::Text, bytes: count.saturating_mul(item_bytes) }
}
