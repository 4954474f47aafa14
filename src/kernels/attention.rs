//! Scaled dot-product attention, softmax(q·kᵀ·scale + mask)·v, for the heads of one sequence.
//!
//! WebAssembly multiplies 16-bit integers three times as fast as floats, and sums of integers do not depend on their order:
//! so both matrix products run on integers of up to 16 bits, and only the softmax between them is float.
//!
//! **No sum overflows.** Each vector x of a product is stored as integers round(s·x) with a scale s of its own, so chosen that
//! the Euclidean norm of the integers is below √2³¹; by the Cauchy-Schwarz inequality no dot product of two of them can then
//! reach 2³¹. Partial sums may wrap, which changes nothing modulo 2³². A vector of spread-out values so keeps more bits than
//! with a bound by its largest element. The vectors are the rows of q and k, the columns of v and the rows of softmax. These
//! last are not normalised before: they are rounded as e^(x − max), and the sum of the integers is what the result is divided
//! by, so the weights of a row sum to exactly 1.

use super::lanes::{ROUNDING, ROUNDING_BITS};
use super::softmax::exponentials;
use super::{Fastest, Lanes};

/// Rows of a matrix that may be part of a wider one: row `i` begins at `values[i * stride]`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub values: &'a [f32],
    pub count: usize,
    pub stride: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn slice(&self, row: usize, start: usize, length: usize) -> &'a [f32] {
        &self.values[row * self.stride + start..][..length]
    }
}

/// What attention reads. Head `h` of a row is at columns `h * head_size..(h + 1) * head_size`.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    pub queries: Rows<'a>,
    pub keys: Rows<'a>,
    /// As many rows as `keys`.
    pub values: Rows<'a>,
    /// Added to the scores, one number for each key; −∞ hides the key.
    pub mask: Option<&'a [f32]>,
    pub heads: usize,
    pub head_size: usize,
    /// Factor of the scores, 1/√head_size as a rule.
    pub scale: f32,
}

/// Four vectors side by side, two elements of each in turn: element `i` of vector `j` is at `[i / 2][2 * j + i % 2]`.
type Group = [[i16; 8]];

/// The buffers of [`attention`]; one value serves any number of calls, of any shape.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Groups of four keys, contracted over the channels; an even number of groups.
    keys: Vec<[i16; 8]>,
    key_scales: Vec<f32>,
    /// Groups of four channels, contracted over the keys; an even number of groups.
    values: Vec<[i16; 8]>,
    value_scales: Vec<f32>,
    /// −∞ for the keys that only fill up a group.
    mask: Vec<f32>,
    /// One group of queries, contracted over the channels.
    queries: Vec<[i16; 8]>,
    /// Four rows of scores.
    scores: Vec<f32>,
    /// The group of these, after softmax, contracted over the keys.
    weights: Vec<[i16; 8]>,
}

/// Writes softmax(q·kᵀ·scale + mask)·v of every head to `context`, one row for each query, beginning at multiples of `stride`;
/// head `h` is at the columns where it is in the inputs. The number of queries need not be that of keys.
///
/// The error is that of rounding to integers of 12 to 16 bits, see the module: below 2·10⁻⁴ of the largest value in the row
/// on random data. Vaswani et al., *Attention Is All You Need*, 2017.
///
/// A NaN or an infinity reaches what depends on it: in a query, its row; in a key, every row; in a value, its column. A row
/// with all keys hidden is NaN. Queries and keys of magnitudes below 2⁻¹⁰⁰ count as 0.
///
/// # Panics
/// If a buffer is too short for its rows, there is no key, or there are more than 2²⁰ keys or channels in a head.
pub fn attention(inputs: &Inputs<'_>, scratch: &mut Scratch, context: &mut [f32], stride: usize) {
    attend::<Fastest>(inputs, scratch, context, stride);
}

fn attend<L: Lanes>(inputs: &Inputs<'_>, scratch: &mut Scratch, context: &mut [f32], stride: usize) {
    let keys = inputs.keys.count;
    assert!((1..=1 << 20).contains(&keys) && inputs.head_size <= 1 << 20);
    assert_eq!(inputs.values.count, keys);
    assert!(inputs.mask.is_none_or(|mask| mask.len() == keys));
    scratch.resize(keys, inputs.head_size);
    match inputs.mask {
        Some(mask) => scratch.mask[..keys].copy_from_slice(mask),
        None => scratch.mask[..keys].fill(0.0),
    }
    scratch.mask[keys..].fill(f32::NEG_INFINITY);
    for head in 0..inputs.heads {
        pack_keys::<L>(inputs, head, scratch);
        pack_values::<L>(inputs, head, scratch);
        for first in (0..inputs.queries.count).step_by(4) {
            attend_group::<L>(inputs, head, first, scratch, context, stride);
        }
    }
}

impl Scratch {
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

/// 2⁻¹⁰⁰.
const SMALLEST: f32 = f32::from_bits((127 - 100) << 23);

/// The norm that a vector of `length` integers may have before it is rounded. Rounding adds at most ½√length; the floats
/// that the norm is computed with are off by less than length·2⁻²⁵ of it; and √2³¹ is 46,340.95.
fn norm_limit(length: usize) -> f32 {
    46_300.0 - 0.5 * (length as f32).sqrt() - length as f32 / 512.0
}

/// What to multiply a vector with before rounding, and the value of 1 in the result. `magnitude` is its largest one, as the
/// bits of a float.
#[inline(always)]
fn integer_scale(magnitude: i32, sum_of_squares: f32, length: usize) -> (f32, f32) {
    let magnitude = f32::from_bits(magnitude as u32);
    if !magnitude.is_finite() {
        return (0.0, f32::NAN);
    }
    if magnitude < SMALLEST {
        return (0.0, 0.0);
    }
    let limit = norm_limit(length);
    let by_norm = if (1e-15..1e15).contains(&magnitude) {
        limit / sum_of_squares.sqrt()
    } else {
        // The squares may have left the range of floats.
        limit / (length as f32).sqrt() / magnitude
    };
    let factor = by_norm.min(32_767.0 / magnitude);
    (factor, 1.0 / factor)
}

/// The integers next to eight floats.
#[inline(always)]
fn round<L: Lanes>(low: L::F32, high: L::F32) -> L::I16 {
    let [low, high] = [low, high].map(|x| L::bits(x + L::splat(ROUNDING)) - L::splat_i32(ROUNDING_BITS));
    L::narrow(low, high)
}

#[inline(always)]
fn load_block<L: Lanes>(block: &[f32; 8]) -> [L::F32; 2] {
    let [a, b, c, d, e, f, g, h] = *block;
    [L::load(&[a, b, c, d]), L::load(&[e, f, g, h])]
}

/// Up to eight floats, then zeros.
#[inline(always)]
fn padded(tail: &[f32]) -> [f32; 8] {
    let mut block = [0.0; 8];
    block[..tail.len()].copy_from_slice(tail);
    block
}

#[inline(always)]
fn row_scale<L: Lanes>(row: &[f32]) -> (f32, f32) {
    let mut magnitudes = L::splat_i32(0);
    let mut sums = L::splat(0.0);
    let (blocks, tail) = row.as_chunks::<8>();
    for block in blocks.iter().chain([&padded(tail)]) {
        for x in load_block::<L>(block) {
            magnitudes = L::max_i32(magnitudes, L::bits(L::abs(x)));
            sums = sums + x * x;
        }
    }
    integer_scale(L::largest_i32(magnitudes), L::sum(sums), row.len())
}

/// Rounds four rows to integers; returns the value of 1 in each.
#[inline(never)]
fn pack_rows<L: Lanes>(rows: [&[f32]; 4], group: &mut Group) -> [f32; 4] {
    let scales = rows.map(row_scale::<L>);
    let factors = scales.map(|(factor, _)| L::splat(factor));
    let pack = |blocks: [&[f32; 8]; 4], output: &mut [[i16; 8]; 4]| {
        let integers = core::array::from_fn(|row| {
            let [low, high] = load_block::<L>(blocks[row]);
            round::<L>(low * factors[row], high * factors[row])
        });
        for (pairs, output) in L::transpose_pairs(integers).into_iter().zip(output) {
            L::store_i16(pairs, output);
        }
    };
    let [(a, a_tail), (b, b_tail), (c, c_tail), (d, d_tail)] = rows.map(|row| row.as_chunks::<8>());
    let mut outputs = group.as_chunks_mut::<4>().0.iter_mut();
    for ((((a, b), c), d), output) in a.iter().zip(b).zip(c).zip(d).zip(&mut outputs) {
        pack([a, b, c, d], output);
    }
    if let Some(output) = outputs.next() {
        let [a, b, c, d] = [a_tail, b_tail, c_tail, d_tail].map(padded);
        pack([&a, &b, &c, &d], output);
    }
    scales.map(|(_, one)| one)
}

fn pack_keys<L: Lanes>(inputs: &Inputs<'_>, head: usize, scratch: &mut Scratch) {
    let (count, size) = (inputs.keys.count, inputs.head_size);
    let groups = scratch.keys.chunks_exact_mut(size.next_multiple_of(8) / 2);
    for ((i, group), scales) in groups.enumerate().zip(scratch.key_scales.as_chunks_mut::<4>().0) {
        // What fills up the last groups is masked.
        let row = |j: usize| inputs.keys.slice((4 * i + j).min(count - 1), head * size, size);
        *scales = pack_rows::<L>([row(0), row(1), row(2), row(3)], group);
    }
}

fn pack_values<L: Lanes>(inputs: &Inputs<'_>, head: usize, scratch: &mut Scratch) {
    let (count, size) = (inputs.keys.count, inputs.head_size);
    let panels = scratch.values.chunks_exact_mut(count.next_multiple_of(8));
    for ((i, panel), scales) in panels.enumerate().zip(scratch.value_scales.as_chunks_mut::<8>().0) {
        let columns = (size - 8 * i).min(8);
        *scales = pack_columns::<L>(inputs.values, head * size + 8 * i, columns, panel);
    }
}

/// Rounds up to eight columns to integers, into two groups; returns the value of 1 in each.
#[inline(never)]
fn pack_columns<L: Lanes>(rows: Rows<'_>, first: usize, columns: usize, panel: &mut Group) -> [f32; 8] {
    let block = |row: usize| {
        let values = rows.slice(row, first, columns);
        load_block::<L>(&values.as_array().copied().unwrap_or_else(|| padded(values)))
    };
    let mut magnitudes = [L::splat_i32(0); 2];
    let mut sums = [L::splat(0.0); 2];
    for row in 0..rows.count {
        for (i, x) in block(row).into_iter().enumerate() {
            magnitudes[i] = L::max_i32(magnitudes[i], L::bits(L::abs(x)));
            sums[i] = sums[i] + x * x;
        }
    }
    let mut scales = [(0.0, 0.0); 8];
    for (i, scales) in scales.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (magnitudes, sums) = (L::to_array_i32(magnitudes[i]), L::to_array(sums[i]));
        *scales = core::array::from_fn(|lane| integer_scale(magnitudes[lane], sums[lane], rows.count));
    }
    let [low_factor, high_factor] = load_block::<L>(&scales.map(|(factor, _)| factor));
    let (low_group, high_group) = panel.split_at_mut(panel.len() / 2);
    for (pair, (low_output, high_output)) in low_group.iter_mut().zip(high_group).enumerate() {
        let [a, b] = [2 * pair, 2 * pair + 1].map(|row| {
            // What fills up the group meets weights of 0.
            let [low, high] = block(row.min(rows.count - 1));
            round::<L>(low * low_factor, high * high_factor)
        });
        let [low, high] = L::interleave(a, b);
        L::store_i16(low, low_output);
        L::store_i16(high, high_output);
    }
    scales.map(|(_, one)| one)
}

/// The rows of the context that belong to queries `first..first + 4`.
fn attend_group<L: Lanes>(
    inputs: &Inputs<'_>,
    head: usize,
    first: usize,
    scratch: &mut Scratch,
    context: &mut [f32],
    stride: usize,
) {
    let Scratch { keys, key_scales, values, value_scales, mask, queries, scores, weights } = scratch;
    let size = inputs.head_size;
    let count = (inputs.queries.count - first).min(4);
    // What fills up the group is not written.
    let query = |i: usize| inputs.queries.slice(first + i.min(count - 1), head * size, size);
    let ones = pack_rows::<L>([query(0), query(1), query(2), query(3)], queries).map(|one| one * inputs.scale);
    let scales = key_scales.as_chunks::<8>().0.iter().zip(mask.as_chunks::<8>().0);
    for (i, (panel, (scales, mask))) in keys.chunks_exact(2 * queries.len()).zip(scales).enumerate() {
        score_tile::<L>(queries, panel, ones, scales, mask, &mut scores[8 * i..], key_scales.len());
    }
    let ones = weigh::<L>(scores, inputs.keys.count, weights);
    let panels = values.chunks_exact(2 * weights.len());
    for (i, (panel, scales)) in panels.zip(value_scales.as_chunks::<8>().0).enumerate() {
        let tile = context_tile::<L>(weights, panel, ones, scales);
        let columns = (size - 8 * i).min(8);
        for (row, values) in tile.iter().enumerate().take(count) {
            context[(first + row) * stride + head * size + 8 * i..][..columns].copy_from_slice(&values[..columns]);
        }
    }
}

/// The dot products of the four vectors of `group` with the eight of `panel`, which is two groups.
#[inline(always)]
fn multiply<L: Lanes>(group: &Group, panel: &Group) -> [[L::I32; 2]; 4] {
    let (low, high) = panel.split_at(panel.len() / 2);
    let mut sums = [[L::splat_i32(0); 2]; 4];
    for ((pairs, low), high) in group.iter().zip(low).zip(high) {
        let (low, high) = (L::load_i16(low), L::load_i16(high));
        let pairs = [
            L::splat_pair::<0>(pairs),
            L::splat_pair::<1>(pairs),
            L::splat_pair::<2>(pairs),
            L::splat_pair::<3>(pairs),
        ];
        for (sums, pair) in sums.iter_mut().zip(pairs) {
            sums[0] = sums[0] + L::dot(pair, low);
            sums[1] = sums[1] + L::dot(pair, high);
        }
    }
    sums
}

/// Scores of four queries against eight keys, written to `scores`, whose rows are `stride` apart.
#[inline(never)]
fn score_tile<L: Lanes>(
    queries: &Group,
    keys: &Group,
    query_ones: [f32; 4],
    key_ones: &[f32; 8],
    mask: &[f32; 8],
    scores: &mut [f32],
    stride: usize,
) {
    let sums = multiply::<L>(queries, keys);
    let (key_ones, mask) = (load_block::<L>(key_ones), load_block::<L>(mask));
    for (row, (sums, one)) in sums.into_iter().zip(query_ones).enumerate() {
        let one = L::splat(one);
        let vectors = scores[row * stride..][..8].as_chunks_mut::<4>().0;
        for (half, (vector, sums)) in vectors.iter_mut().zip(sums).enumerate() {
            L::store(L::convert(sums) * one * key_ones[half] + mask[half], vector);
        }
    }
}

/// Softmax of four rows of scores, as integers that are packed into a group; returns the value of 1 in each row. `scores`
/// is overwritten.
fn weigh<L: Lanes>(scores: &mut [f32], keys: usize, weights: &mut Group) -> [f32; 4] {
    let stride = scores.len() / 4;
    let mut factors = [0.0; 4];
    for (row, factor) in scores.chunks_exact_mut(stride).zip(&mut factors) {
        let by_norm = norm_limit(keys) / exponentials_row::<L>(row).sqrt();
        // The largest exponential is 1; a NaN stays one.
        *factor = if by_norm > 32_767.0 { 32_767.0 } else { by_norm };
    }
    let sums = pack_weights::<L>(scores, factors, weights);
    core::array::from_fn(|row| if factors[row].is_nan() { f32::NAN } else { 1.0 / sums[row] as f32 })
}

#[inline(never)]
fn exponentials_row<L: Lanes>(row: &mut [f32]) -> f32 {
    exponentials::<L>(row).sum_of_squares
}

#[inline(never)]
fn pack_weights<L: Lanes>(scores: &[f32], factors: [f32; 4], weights: &mut Group) -> [i32; 4] {
    let stride = scores.len() / 4;
    let factors = factors.map(L::splat);
    let mut sums = [L::splat_i32(0); 4];
    for (i, output) in weights.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let integers = core::array::from_fn(|row| {
            let [low, high] = load_block::<L>(&scores.as_chunks::<8>().0[row * (stride / 8) + i]);
            round::<L>(low * factors[row], high * factors[row])
        });
        for (sum, integers) in sums.iter_mut().zip(integers) {
            *sum = *sum + L::dot(integers, L::splat_i16(1));
        }
        for (pairs, output) in L::transpose_pairs(integers).into_iter().zip(output) {
            L::store_i16(pairs, output);
        }
    }
    sums.map(L::sum_i32)
}

/// Eight channels of the context of four queries.
#[inline(never)]
fn context_tile<L: Lanes>(
    weights: &Group,
    values: &Group,
    weight_ones: [f32; 4],
    value_ones: &[f32; 8],
) -> [[f32; 8]; 4] {
    let sums = multiply::<L>(weights, values);
    let value_ones = load_block::<L>(value_ones);
    let mut context = [[0.0; 8]; 4];
    for ((row, sums), one) in context.iter_mut().zip(sums).zip(weight_ones) {
        for (half, (vector, sums)) in row.as_chunks_mut::<4>().0.iter_mut().zip(sums).enumerate() {
            L::store(L::convert(sums) * L::splat(one) * value_ones[half], vector);
        }
    }
    context
}
