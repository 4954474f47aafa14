//! Room for a matrix: it may be larger than the memory that there is.

/// Room for so many numbers; `None` without memory.
pub fn room(length: usize) -> Option<Vec<f32>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).ok()?;
    Some(values)
}

/// So many zeros; `None` without memory.
pub fn zeros(length: usize) -> Option<Vec<f32>> {
    let mut values = room(length)?;
    values.resize(length, 0.0);
    Some(values)
}
