//! Disentangled attention: scores of contents with relative positions (He et al., *DeBERTa: Decoding-enhanced BERT with
//! Disentangled Attention*, 2021).

use std::ops::Range;

use super::pack::Group;
use super::table::PositionTable;
use super::tile::score_tile;
use crate::kernels::lanes::Lanes;

/// Products of one side's contents with the embedding of the distance to the other side.
#[derive(Debug, Clone, Copy)]
pub struct PositionScores<'a> {
    pub table: &'a PositionTable,
    /// The table's row for each place of a key less that of a query: from −(n − 1) to n − 1, for n keys.
    pub rows: &'a [u32],
    /// Factor of the products.
    pub scale: f32,
}

/// Products with rows of position tables, for one head.
#[derive(Debug, Default)]
pub(super) struct PositionScratch {
    /// For each row from `first_of_keys` on, the products with all keys.
    of_keys: Vec<f32>,
    first_of_keys: usize,
    /// For each of four queries, the products with the rows from `first_of_queries` on.
    of_queries: Vec<f32>,
    first_of_queries: usize,
}

/// What is added to the scores of disentangled attention.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disentangled<'a> {
    /// Content to position: products of queries with the embedding of the key's position.
    pub of_queries: Option<PositionScores<'a>>,
    /// Position to content: products of keys with the embedding of the query's position.
    pub of_keys: Option<PositionScores<'a>>,
    /// Place of the first query among the keys.
    pub first: usize,
    /// The head of the tables that the first head of the inputs has.
    pub first_head: usize,
}

impl Disentangled<'_> {
    /// The same for the heads from `head` and the queries from `query`.
    pub fn starting_at(&self, head: usize, query: usize) -> Self {
        Self { first: self.first + query, first_head: self.first_head + head, ..*self }
    }

    /// The one or two products.
    pub fn sides(&self) -> impl Iterator<Item = &PositionScores<'_>> {
        self.of_queries.iter().chain(&self.of_keys)
    }
}

impl PositionScores<'_> {
    /// The table's rows for the distances from one query to these keys.
    fn rows_of(&self, query: usize, keys: Range<usize>) -> &[u32] {
        let same_place = self.rows.len() / 2;
        &self.rows[same_place + keys.start - query..same_place + keys.end - query]
    }

    /// The rows, widened to whole groups of `multiple`, that hold all distances from these queries to these keys.
    fn range(&self, queries: &Range<usize>, keys: &Range<usize>, multiple: usize) -> Range<usize> {
        let same_place = self.rows.len() / 2;
        let rows = &self.rows[same_place + keys.start + 1 - queries.end..same_place + keys.end - queries.start];
        let [first, last] = [rows.iter().min(), rows.iter().max()].map(|row| row.map_or(0, |&row| row as usize));
        first / multiple * multiple..(last + 1).next_multiple_of(multiple)
    }

    /// Multiplies all keys of a head with the rows that `queries` need, for [`Self::add_of_keys`].
    pub(super) fn multiply_keys<L: Lanes>(
        &self,
        head: usize,
        queries: Range<usize>,
        (keys, key_ones): (&Group, &[f32]),
        count: usize,
        scratch: &mut PositionScratch,
    ) {
        let stride = count.next_multiple_of(8);
        let all = self.range(&queries, &(0..count), 4);
        scratch.first_of_keys = all.start;
        scratch.of_keys.resize(all.len() * stride, 0.0);
        let panels = keys.chunks_exact(2 * self.table.group_length()).zip(key_ones.as_chunks::<8>().0);
        for ((panel, key_ones), first) in panels.zip((0..count).step_by(8)) {
            let range = self.range(&queries, &(first..count.min(first + 8)), 4);
            let (groups, ones) = self.table.packed(head, range.start, range.len());
            let outputs = &mut scratch.of_keys[(range.start - all.start) * stride..];
            let groups = groups.chunks_exact(self.table.group_length()).zip(ones.as_chunks::<4>().0);
            for ((group, ones), output) in groups.zip(outputs.chunks_mut(4 * stride)) {
                let ones = ones.map(|one| one * self.scale);
                score_tile::<L>(group, panel, ones, key_ones, &[0.0; 8], &mut output[first..], stride);
            }
        }
    }

    /// Adds the products of these keys to the scores of a query.
    pub(super) fn add_of_keys(
        &self,
        query: usize,
        keys: Range<usize>,
        count: usize,
        scratch: &PositionScratch,
        scores: &mut [f32],
    ) {
        let stride = count.next_multiple_of(8);
        let rows = self.rows_of(query, keys.clone());
        for ((score, &row), key) in scores.iter_mut().zip(rows).zip(keys) {
            *score += scratch.of_keys[(row as usize - scratch.first_of_keys) * stride + key];
        }
    }

    /// Multiplies a group of queries of a head with the rows that `keys` need, for [`Self::add_of_queries`].
    pub(super) fn multiply_queries<L: Lanes>(
        &self,
        head: usize,
        queries: Range<usize>,
        (group, ones): (&Group, [f32; 4]),
        keys: Range<usize>,
        scratch: &mut PositionScratch,
    ) {
        let range = self.range(&queries, &keys, 8);
        scratch.first_of_queries = range.start;
        scratch.of_queries.resize(4 * range.len(), 0.0);
        let ones = ones.map(|one| one * self.scale);
        let (groups, row_ones) = self.table.packed(head, range.start, range.len());
        let panels = groups.chunks_exact(2 * self.table.group_length()).zip(row_ones.as_chunks::<8>().0);
        for (index, (panel, row_ones)) in panels.enumerate() {
            let output = &mut scratch.of_queries[8 * index..];
            score_tile::<L>(group, panel, ones, row_ones, &[0.0; 8], output, range.len());
        }
    }

    /// Adds the products of a query, which is the one at `index` of its group, to its scores of these keys.
    pub(super) fn add_of_queries(
        &self,
        index: usize,
        query: usize,
        keys: Range<usize>,
        scratch: &PositionScratch,
        scores: &mut [f32],
    ) {
        let products = &scratch.of_queries[scratch.of_queries.len() / 4 * index..][..scratch.of_queries.len() / 4];
        for (score, &row) in scores.iter_mut().zip(self.rows_of(query, keys)) {
            *score += products[row as usize - scratch.first_of_queries];
        }
    }
}
