//! Tables of relative positions, rounded once, as queries are.

use std::fmt;

use super::pack::{Group, pack_rows};
use crate::kernels::lanes::Fastest;

/// Embeddings of relative positions that a layer has projected, for each head.
#[derive(Clone, PartialEq)]
pub struct PositionTable {
    heads: usize,
    rows: usize,
    head_size: usize,
    /// For each head, groups of four rows, contracted over the channels; an even number of groups.
    groups: Vec<[i16; 8]>,
    /// The value of an integer 1 in each row.
    ones: Vec<f32>,
}

impl fmt::Debug for PositionTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} × {} × {}", self.heads, self.rows, self.head_size)
    }
}

impl PositionTable {
    /// Rounds `values`, which are heads × rows × head size.
    ///
    /// # Panics
    /// If there are more or fewer values, or none.
    pub fn new(values: &[f32], heads: usize, rows: usize, head_size: usize) -> Self {
        assert!(!values.is_empty() && values.len() == heads * rows * head_size);
        let padded = rows.next_multiple_of(8);
        let group_length = head_size.next_multiple_of(8) / 2;
        let mut groups = vec![[0; 8]; heads * padded / 4 * group_length];
        let mut ones = vec![0.0; heads * padded];
        let places = (0..heads).flat_map(|head| (0..padded).step_by(4).map(move |row| (head, row)));
        for (((head, first), group), ones) in
            places.zip(groups.chunks_exact_mut(group_length)).zip(ones.as_chunks_mut::<4>().0)
        {
            // No distance selects the rows that pad the last groups.
            let row = |j: usize| &values[(head * rows + (first + j).min(rows - 1)) * head_size..][..head_size];
            *ones = pack_rows::<Fastest>([row(0), row(1), row(2), row(3)], group);
        }
        Self { heads, rows, head_size, groups, ones }
    }

    /// Number of heads, and of rows in each.
    pub fn shape(&self) -> [usize; 2] {
        [self.heads, self.rows]
    }

    pub fn head_size(&self) -> usize {
        self.head_size
    }

    /// A row of a head, rounded.
    pub fn row(&self, head: usize, row: usize) -> Vec<f32> {
        let place = head * self.padded_rows() + row;
        let group = &self.groups[place / 4 * self.group_length()..][..self.group_length()];
        let of_channel =
            |channel: usize| f32::from(group[channel / 2][2 * (place % 4) + channel % 2]) * self.ones[place];
        (0..self.head_size).map(of_channel).collect()
    }

    fn padded_rows(&self) -> usize {
        self.rows.next_multiple_of(8)
    }

    pub(super) fn group_length(&self) -> usize {
        self.head_size.next_multiple_of(8) / 2
    }

    /// `count` rows of a head from `first` on, a multiple of four, in groups, and the values of an integer 1.
    pub(super) fn packed(&self, head: usize, first: usize, count: usize) -> (&Group, &[f32]) {
        let first = head * self.padded_rows() + first;
        let length = self.group_length();
        (&self.groups[first / 4 * length..][..count / 4 * length], &self.ones[first..first + count])
    }
}
