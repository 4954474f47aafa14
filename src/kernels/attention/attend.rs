//! Attention of the queries of one sequence, four at a time.

use super::disentangled::PositionScratch;
use super::inputs::Inputs;
use super::pack::{BLOCK, Group, NORM_LIMIT, pack_columns, pack_rows, pack_weights};
use super::tile::{context_tile, score_tile};
use crate::kernels::functions::exp::Exp;
use crate::kernels::functions::softmax::{exponentials, largest};
use crate::kernels::lanes::{Fastest, Lanes};

/// Most keys for which the sums are exact.
pub const MAX_KEYS: usize = 1 << 18;

/// The buffers of [`attention`]; one value serves any number of calls of any shape.
#[derive(Debug, Default)]
pub struct AttentionScratch {
    /// Groups of four keys, contracted over the channels; an even number of groups.
    keys: Vec<[i16; 8]>,
    key_scales: Vec<f32>,
    /// Groups of four channels, contracted over the keys; an even number of groups.
    values: Vec<[i16; 8]>,
    value_scales: Vec<f32>,
    /// −∞ for the keys that pad a group.
    mask: Vec<f32>,
    /// One group of queries, contracted over the channels.
    queries: Vec<[i16; 8]>,
    /// Four rows of scores.
    scores: Vec<f32>,
    /// The group of these four rows after softmax, contracted over the keys.
    weights: Vec<[i16; 8]>,
    positions: PositionScratch,
}

/// Writes softmax(q·kᵀ·scale + mask + bias)·v of every head to `context` (Vaswani et al., *Attention Is All You Need*,
/// 2017). Each query has one row there, at a multiple of `stride`; head `h` has the same columns as in the inputs. The
/// numbers of queries and of keys may differ.
///
/// The error is that of rounding to integers of 12 to 16 bits, as the module describes. On random data it is below 10⁻³
/// of the largest value in the row, and a tenth of that in the mean. Let V be the largest magnitude in a column of
/// values, n the number of keys and b that of blocks in a head. The error is at most V·(n/2¹⁵ + 2⁻¹³ + e²ᵟ − 1).
/// δ bounds the error of a score: δ = ¼·10⁻³·b·scale·‖q‖·‖k‖ + 2⁻²¹·|score|, each at its largest. Each product of
/// disentangled attention adds as much, with its own vectors and scale.
///
/// A NaN or an infinity spreads to all that depends on it. In a query that is its row, in a key every row that sees it,
/// in a value its column. A row is NaN if all keys are hidden. Queries, keys and values of magnitudes below 2⁻¹⁰⁰ count
/// as 0.
///
/// # Panics
/// If a buffer is too short for its rows, if there is no key, or if there are more than [`MAX_KEYS`]. If the queries of
/// a window or of disentangled attention have places behind the last key. If a table of positions lacks a head, a
/// channel or a row.
pub fn attention(inputs: &Inputs<'_>, scratch: &mut AttentionScratch, context: &mut [f32], stride: usize) {
    attend::<Fastest>(inputs, scratch, context, stride);
}

pub(super) fn attend<L: Lanes>(
    inputs: &Inputs<'_>,
    scratch: &mut AttentionScratch,
    context: &mut [f32],
    stride: usize,
) {
    let keys = inputs.keys.count;
    assert!((1..=MAX_KEYS).contains(&keys));
    assert_eq!(inputs.values.count, keys);
    assert!(inputs.mask.is_none_or(|mask| mask.len() == keys));
    assert!(inputs.window.is_none_or(|window| window.first + inputs.queries.count <= keys));
    if let Some(disentangled) = &inputs.disentangled {
        assert!(disentangled.first + inputs.queries.count <= keys);
        for positions in disentangled.sides() {
            let [heads, _] = positions.table.shape();
            assert!(positions.rows.len() == 2 * keys - 1 && positions.table.head_size() == inputs.head_size);
            assert!(disentangled.first_head + inputs.heads <= heads);
        }
    }
    scratch.resize(keys, inputs.head_size);
    match inputs.mask {
        Some(mask) => scratch.mask[..keys].copy_from_slice(mask),
        None => scratch.mask[..keys].fill(0.0),
    }
    scratch.mask[keys..].fill(f32::NEG_INFINITY);
    for head in 0..inputs.heads {
        pack_keys::<L>(inputs, head, scratch);
        pack_values::<L>(inputs, head, scratch);
        if let Some((disentangled, positions)) = inputs.disentangled.and_then(|it| Some((it, it.of_keys?))) {
            let AttentionScratch { keys: groups, key_scales, positions: products, .. } = scratch;
            let queries = disentangled.first..disentangled.first + inputs.queries.count;
            positions.multiply_keys::<L>(disentangled.first_head + head, queries, (groups, key_scales), keys, products);
        }
        for first in (0..inputs.queries.count).step_by(4) {
            attend_group::<L>(inputs, head, first, scratch, context, stride);
        }
    }
}

impl AttentionScratch {
    fn resize(&mut self, keys: usize, head_size: usize) {
        let (keys, channels) = (keys.next_multiple_of(8), head_size.next_multiple_of(8));
        self.keys.resize(keys / 4 * (channels / 2), [0; 8]);
        self.key_scales.resize(keys, 0.0);
        self.values.resize(channels / 4 * (keys / 2), [0; 8]);
        self.value_scales.resize(channels, 0.0);
        self.mask.resize(keys, 0.0);
        self.queries.resize(channels / 2, [0; 8]);
        self.scores.resize(4 * keys, 0.0);
        self.weights.resize(keys / 2, [0; 8]);
    }
}

fn pack_keys<L: Lanes>(inputs: &Inputs<'_>, head: usize, scratch: &mut AttentionScratch) {
    let (count, size) = (inputs.keys.count, inputs.head_size);
    let groups = scratch.keys.chunks_exact_mut(size.next_multiple_of(8) / 2);
    for ((i, group), scales) in groups.enumerate().zip(scratch.key_scales.as_chunks_mut::<4>().0) {
        // The keys that pad the last groups are masked.
        let row = |j: usize| inputs.keys.slice((4 * i + j).min(count - 1), head * size, size);
        *scales = pack_rows::<L>([row(0), row(1), row(2), row(3)], group);
    }
}

fn pack_values<L: Lanes>(inputs: &Inputs<'_>, head: usize, scratch: &mut AttentionScratch) {
    let (count, size) = (inputs.keys.count, inputs.head_size);
    let panels = scratch.values.chunks_exact_mut(count.next_multiple_of(8));
    for ((i, panel), scales) in panels.enumerate().zip(scratch.value_scales.as_chunks_mut::<8>().0) {
        let columns = (size - 8 * i).min(8);
        *scales = pack_columns::<L>(inputs.values, head * size + 8 * i, columns, panel);
    }
}

/// Writes the rows of the context that belong to queries `first..first + 4`.
fn attend_group<L: Lanes>(
    inputs: &Inputs<'_>,
    head: usize,
    first: usize,
    scratch: &mut AttentionScratch,
    context: &mut [f32],
    stride: usize,
) {
    let AttentionScratch { keys, key_scales, values, value_scales, mask, queries, scores, weights, positions } =
        scratch;
    let size = inputs.head_size;
    let count = (inputs.queries.count - first).min(4);
    // The queries that pad the group are computed and dropped.
    let query = |i: usize| inputs.queries.slice(first + i.min(count - 1), head * size, size);
    let query_ones = pack_rows::<L>([query(0), query(1), query(2), query(3)], queries);
    let ones = query_ones.map(|one| one * inputs.scale);
    let seen = |row: usize| match inputs.window {
        Some(window) => window.keys(first + row.min(count - 1), inputs.keys.count),
        None => 0..inputs.keys.count,
    };
    // Blocks of values begin at multiples of their length, and panels of keys are whole.
    let start = seen(0).start / BLOCK * BLOCK;
    let end = seen(3).end.max(start + 1).next_multiple_of(8);
    let scores = &mut scores[..4 * (end - start)];
    let panels = keys.chunks_exact(2 * queries.len()).zip(key_scales.as_chunks::<8>().0).zip(mask.as_chunks::<8>().0);
    for (i, ((panel, scales), mask)) in panels.take(end / 8).skip(start / 8).enumerate() {
        score_tile::<L>(queries, panel, ones, scales, mask, &mut scores[8 * i..], end - start);
    }
    // The scores of the keys that pad the last panel stay −∞.
    let seen_by_any = start..end.min(inputs.keys.count);
    let of_queries = inputs.disentangled.and_then(|it| Some((it, it.of_queries?)));
    if let Some((disentangled, of_queries)) = of_queries {
        let places = disentangled.first + first..disentangled.first + first + count;
        let (head, keys) = (disentangled.first_head + head, seen_by_any.clone());
        of_queries.multiply_queries::<L>(head, places, (queries, query_ones), keys, positions);
    }
    for (row, scores) in scores.chunks_exact_mut(end - start).enumerate() {
        let query = first + row.min(count - 1);
        if let Some(bias) = inputs.bias {
            add(scores, &bias.row(head, query, inputs.keys.count)[start..]);
        }
        if let Some(disentangled) = inputs.disentangled {
            let place = disentangled.first + query;
            if let Some(of_queries) = disentangled.of_queries {
                of_queries.add_of_queries(row, place, seen_by_any.clone(), positions, scores);
            }
            if let Some(of_keys) = disentangled.of_keys {
                of_keys.add_of_keys(place, seen_by_any.clone(), inputs.keys.count, positions, scores);
            }
        }
        if inputs.window.is_some() {
            let seen = seen(row);
            scores[..seen.start - start].fill(f32::NEG_INFINITY);
            scores[seen.end - start..].fill(f32::NEG_INFINITY);
        }
    }
    let pairs = start / 2..end / 2;
    let weights = &mut weights[..pairs.len()];
    let ones = weigh::<L>(scores, weights);
    let panels = values.chunks_exact(inputs.keys.count.next_multiple_of(8));
    for (i, (panel, scales)) in panels.zip(value_scales.as_chunks::<8>().0).enumerate() {
        let (low, high) = panel.split_at(panel.len() / 2);
        let tile = context_tile::<L>(weights, [&low[pairs.clone()], &high[pairs.clone()]], ones, scales);
        let columns = (size - 8 * i).min(8);
        for (row, values) in tile.iter().enumerate().take(count) {
            let output = &mut context[(first + row) * stride + head * size + 8 * i..][..columns];
            match output.as_mut_array() {
                Some(output) => *output = *values,
                None => output.copy_from_slice(&values[..columns]),
            }
        }
    }
}

#[inline(never)]
fn add(scores: &mut [f32], bias: &[f32]) {
    for (score, bias) in scores.iter_mut().zip(bias) {
        *score += bias;
    }
}

/// Packs the softmax of four rows of scores as integers into a group; returns the value of an integer 1 in each row.
/// Overwrites `scores`.
fn weigh<L: Lanes>(scores: &mut [f32], weights: &mut Group) -> [f32; 4] {
    let stride = scores.len() / 4;
    let mut factors = [0.0; 4];
    for (row, factor) in scores.chunks_exact_mut(stride).zip(&mut factors) {
        *factor = weight_factor::<L>(row);
    }
    let sums = pack_weights::<L>(scores, factors, weights);
    core::array::from_fn(|row| if factors[row].is_nan() { f32::NAN } else { 1.0 / sums[row] as f32 })
}

/// Replaces scores by their exponentials; returns the factor of these before they are rounded, or NaN.
#[inline(never)]
fn weight_factor<L: Lanes>(scores: &mut [f32]) -> f32 {
    let exp = Exp::<L>::new();
    let largest = largest::<L>(scores);
    let mut sum = 0.0;
    let mut sum_of_squares = 0f32;
    for block in scores.chunks_mut(BLOCK) {
        let sums = exponentials(exp, block, largest);
        sum += sums.sum;
        sum_of_squares = sum_of_squares.max(sums.sum_of_squares);
    }
    // The largest exponential is 1, so a factor up to 32,767 fits 16 bits.
    if sum.is_nan() { f32::NAN } else { (NORM_LIMIT / sum_of_squares.sqrt()).min(32_767.0) }
}
