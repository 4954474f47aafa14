//! The rows that attention reads.

/// Rows of a matrix, which may be part of a wider one: row `i` begins at `values[i * stride]`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub values: &'a [f32],
    pub count: usize,
    pub stride: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    pub(in crate::kernels) fn slice(&self, row: usize, start: usize, length: usize) -> &'a [f32] {
        &self.values[row * self.stride + start..][..length]
    }
}
