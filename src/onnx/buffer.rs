//! Growing a `Vec<u8>` with an error instead of an abort where there is no memory.

use super::refusal::no_memory;
use crate::error::Result;

/// # Errors
/// `out_of_memory`.
pub fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    buffer.try_reserve(bytes.len()).map_err(|_| no_memory(buffer.len().saturating_add(bytes.len())))?;
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// Makes room for `additional` bytes and no more.
///
/// # Errors
/// `out_of_memory`.
pub fn reserve(buffer: &mut Vec<u8>, additional: usize) -> Result<()> {
    buffer.try_reserve_exact(additional).map_err(|_| no_memory(buffer.len().saturating_add(additional)))
}
