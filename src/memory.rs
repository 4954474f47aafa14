//! Fallible allocation. A call reserves memory before it uses it: without enough, the call fails and the instance goes
//! on.

use crate::error::{Error, MemoryUse, Result};

/// Reserves memory in `list` for `count` more items, and perhaps for further ones.
///
/// # Errors
/// `out_of_memory`.
#[inline]
pub fn reserve<Item>(list: &mut Vec<Item>, count: usize, purpose: MemoryUse) -> Result<()> {
    if list.capacity() - list.len() < count {
        list.try_reserve(count).map_err(|_| no_memory(list, count, purpose))?;
    }
    Ok(())
}

/// Reserves memory in `list` for exactly `count` more items.
///
/// # Errors
/// `out_of_memory`.
pub fn reserve_exact<Item>(list: &mut Vec<Item>, count: usize, purpose: MemoryUse) -> Result<()> {
    list.try_reserve_exact(count).map_err(|_| no_memory(list, count, purpose))
}

/// Reserves memory in `text` for `bytes` more bytes.
///
/// # Errors
/// `out_of_memory`.
#[inline]
pub fn reserve_text(text: &mut String, bytes: usize, purpose: MemoryUse) -> Result<()> {
    text.try_reserve(bytes).map_err(|_| Error::OutOfMemory { purpose, bytes: text.len().saturating_add(bytes) })
}

/// Appends `bytes` to `buffer`.
///
/// # Errors
/// `out_of_memory`.
pub fn append(buffer: &mut Vec<u8>, bytes: &[u8], purpose: MemoryUse) -> Result<()> {
    reserve(buffer, bytes.len(), purpose)?;
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// Returns an empty list with room for `length` numbers, or `None` without memory.
pub fn room(length: usize) -> Option<Vec<f32>> {
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(length).ok()?;
    Some(numbers)
}

/// Returns `length` zeros, or `None` without memory.
pub fn zeros(length: usize) -> Option<Vec<f32>> {
    let mut numbers = room(length)?;
    numbers.resize(length, 0.0);
    Some(numbers)
}

fn no_memory<Item>(list: &[Item], count: usize, purpose: MemoryUse) -> Error {
    Error::OutOfMemory { purpose, bytes: list.len().saturating_add(count).saturating_mul(size_of::<Item>()) }
}
