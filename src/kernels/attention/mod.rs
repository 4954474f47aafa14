//! Scaled dot-product attention, softmax(q·kᵀ·scale + mask + bias)·v, for the heads of one sequence.
//! A window may hide keys; its cost is that of the keys that it shows.
//!
//! WebAssembly multiplies 16-bit integers three times as fast as floats, and the order of an integer sum does not
//! matter. So both matrix products run on integers of up to 16 bits; only the softmax between them is float.
//!
//! **No sum overflows.** Each vector x of a product is stored as integers round(s·x), with one scale s per vector. s
//! keeps the Euclidean norm of every `BLOCK` elements below √2³¹, so by the Cauchy-Schwarz inequality no dot product
//! of two blocks reaches 2³¹. Partial sums may wrap, which changes nothing modulo 2³². Sums of blocks are added as
//! floats. This keeps more bits of spread-out values than a bound by the largest element would. The vectors are the
//! rows of q and k, the columns of v and the rows of softmax. Softmax rounds e^(x − max) to integers; the result is
//! divided by the sum of these, so the weights of a row sum to exactly 1.

use std::ops::Range;

use crate::kernels::functions::exp::Exp;
use crate::kernels::functions::softmax::{exponentials, largest};
use crate::kernels::lanes::{Fastest, Lanes, ROUNDING, ROUNDING_BITS};

/// Most keys for which the sums are exact.
pub const MAX_KEYS: usize = 1 << 18;

/// Rows of a matrix, which may be part of a wider one: row `i` begins at `values[i * stride]`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub values: &'a [f32],
    pub count: usize,
    pub stride: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    pub(super) fn slice(&self, row: usize, start: usize, length: usize) -> &'a [f32] {
        &self.values[row * self.stride + start..][..length]
    }
}

/// Numbers that are added to the scores: for each query a row with one for each key.
#[derive(Debug, Clone, Copy)]
pub struct Bias<'a> {
    pub values: &'a [f32],
    /// Distance between the rows of one query in two heads; 0 if all heads have the same.
    pub head_stride: usize,
    /// Distance between the rows of two queries; 0 if all queries have the same.
    pub row_stride: usize,
}

impl<'a> Bias<'a> {
    /// The bias of the heads from `head` and the queries from `query`.
    pub fn starting_at(&self, head: usize, query: usize) -> Self {
        Self { values: &self.values[head * self.head_stride + query * self.row_stride..], ..*self }
    }

    /// The row of a query in a head.
    pub fn row(&self, head: usize, query: usize, keys: usize) -> &'a [f32] {
        &self.starting_at(head, query).values[..keys]
    }
}

/// The keys that a query sees: its own place, those up to `before` places in front of it and up to `after` behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    pub before: usize,
    pub after: usize,
    /// Place of the first query among the keys.
    pub first: usize,
}

impl Window {
    /// The window of the queries from `query`.
    pub fn starting_at(&self, query: usize) -> Self {
        Self { first: self.first + query, ..*self }
    }

    /// The keys, of `count`, that a query sees.
    pub fn keys(&self, query: usize, count: usize) -> Range<usize> {
        let place = self.first + query;
        let end = place.saturating_add(self.after).saturating_add(1).min(count);
        place.saturating_sub(self.before).min(end)..end
    }
}

/// The input of attention. Head `h` of a row is at columns `h * head_size..(h + 1) * head_size`.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    pub queries: Rows<'a>,
    pub keys: Rows<'a>,
    /// As many rows as `keys`.
    pub values: Rows<'a>,
    /// Added to the scores, one number for each key; −∞ hides the key.
    pub mask: Option<&'a [f32]>,
    pub bias: Option<Bias<'a>>,
    /// Hides the keys outside of it.
    pub window: Option<Window>,
    pub heads: usize,
    pub head_size: usize,
    /// Factor of the scores, usually 1/√head_size.
    pub scale: f32,
}

/// Four vectors side by side, two elements of each in turn. Element `i` of vector `j` is at `[i / 2][2 * j + i % 2]`.
type Group = [[i16; 8]];

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
}

/// Writes softmax(q·kᵀ·scale + mask + bias)·v of every head to `context` (Vaswani et al., *Attention Is All You Need*,
/// 2017). Each query has one row there, at a multiple of `stride`; head `h` has the same columns as in the inputs. The
/// numbers of queries and of keys may differ.
///
/// The error is that of rounding to integers of 12 to 16 bits, as the module describes. On random data it is below 10⁻³
/// of the largest value in the row, and a tenth of that in the mean. Let V be the largest magnitude in a column of
/// values, n the number of keys and b that of blocks in a head. The error is at most V·(n/2¹⁵ + 2⁻¹³ + e²ᵟ − 1).
/// δ bounds the error of a score: δ = ¼·10⁻³·b·scale·‖q‖·‖k‖ + 2⁻²¹·|score|, each at its largest.
///
/// A NaN or an infinity spreads to all that depends on it. In a query that is its row, in a key every row that sees it,
/// in a value its column. A row is NaN if all keys are hidden. Queries, keys and values of magnitudes below 2⁻¹⁰⁰ count as 0.
///
/// # Panics
/// If a buffer is too short for its rows, there is no key, there are more than [`MAX_KEYS`], or a window's queries have
/// places behind the last key.
pub fn attention(inputs: &Inputs<'_>, scratch: &mut AttentionScratch, context: &mut [f32], stride: usize) {
    attend::<Fastest>(inputs, scratch, context, stride);
}

fn attend<L: Lanes>(inputs: &Inputs<'_>, scratch: &mut AttentionScratch, context: &mut [f32], stride: usize) {
    let keys = inputs.keys.count;
    assert!((1..=MAX_KEYS).contains(&keys));
    assert_eq!(inputs.values.count, keys);
    assert!(inputs.mask.is_none_or(|mask| mask.len() == keys));
    assert!(inputs.window.is_none_or(|window| window.first + inputs.queries.count <= keys));
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

/// Elements of a vector that one integer sum covers. Short blocks keep more bits; long ones are faster.
const BLOCK: usize = 64;

/// The largest norm of a block before it is rounded. √2³¹ is 46,340.95. Rounding adds at most ½√[`BLOCK`] = 4;
/// computing the norm in floats adds a few parts in a million.
const NORM_LIMIT: f32 = 46_336.0;

/// 2⁻¹⁰⁰.
const SMALLEST: f32 = f32::from_bits((127 - 100) << 23);

/// The factor of a vector before it is rounded, and the value of an integer 1 after that.
#[derive(Debug, Clone, Copy, Default)]
struct IntegerScale {
    factor: f32,
    one: f32,
}

impl IntegerScale {
    /// `magnitude` is the largest of the vector, as the bits of a float. `sum_of_squares` is the largest of its blocks.
    #[inline(always)]
    fn new(magnitude: i32, sum_of_squares: f32) -> Self {
        let magnitude = f32::from_bits(magnitude as u32);
        if !magnitude.is_finite() {
            return Self { factor: 0.0, one: f32::NAN };
        }
        if magnitude < SMALLEST {
            return Self { factor: 0.0, one: 0.0 };
        }
        let by_norm = if (1e-15..1e15).contains(&magnitude) {
            NORM_LIMIT / sum_of_squares.sqrt()
        } else {
            // The squares may have overflowed.
            NORM_LIMIT / (BLOCK as f32).sqrt() / magnitude
        };
        let factor = by_norm.min(32_767.0 / magnitude);
        Self { factor, one: 1.0 / factor }
    }
}

/// The integers next to eight floats.
#[inline(always)]
fn round<L: Lanes>(low: L::F32, high: L::F32) -> L::I16 {
    let integers = |x: L::F32| L::bits(x + L::splat(ROUNDING)) - L::splat_i32(ROUNDING_BITS);
    L::narrow(integers(low), integers(high))
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
fn row_scale<L: Lanes>(row: &[f32]) -> IntegerScale {
    let mut magnitudes = L::splat_i32(0);
    let mut sum_of_squares = 0f32;
    for block in row.chunks(BLOCK) {
        let (vectors, tail) = block.as_chunks::<4>();
        let mut sums = L::splat(0.0);
        let mut take = |x: L::F32| {
            magnitudes = L::max_i32(magnitudes, L::bits(L::abs(x)));
            sums = sums + x * x;
        };
        vectors.iter().for_each(|vector| take(L::load(vector)));
        take(L::load_partial(tail, 0.0));
        sum_of_squares = sum_of_squares.max(L::sum(sums));
    }
    IntegerScale::new(L::largest_i32(magnitudes), sum_of_squares)
}

/// Rounds four rows to integers; returns the value of an integer 1 in each.
#[inline(never)]
fn pack_rows<L: Lanes>(rows: [&[f32]; 4], group: &mut Group) -> [f32; 4] {
    let [a, b, c, d] = rows;
    let [a, b, c, d] = [(a, row_scale::<L>(a)), (b, row_scale::<L>(b)), (c, row_scale::<L>(c)), (d, row_scale::<L>(d))];
    let round_row = |scale: IntegerScale, block: &[f32; 8]| {
        let factor = L::splat(scale.factor);
        let [low, high] = load_block::<L>(block);
        round::<L>(low * factor, high * factor)
    };
    let pack = |blocks: [&[f32; 8]; 4], output: &mut [[i16; 8]; 4]| {
        let integers = [
            round_row(a.1, blocks[0]),
            round_row(b.1, blocks[1]),
            round_row(c.1, blocks[2]),
            round_row(d.1, blocks[3]),
        ];
        store_transposed::<L>(integers, output);
    };
    let mut outputs = group.as_chunks_mut::<4>().0.iter_mut();
    let [(blocks_a, tail_a), (blocks_b, tail_b), (blocks_c, tail_c), (blocks_d, tail_d)] =
        [a.0.as_chunks::<8>(), b.0.as_chunks::<8>(), c.0.as_chunks::<8>(), d.0.as_chunks::<8>()];
    for ((((a, b), c), d), output) in blocks_a.iter().zip(blocks_b).zip(blocks_c).zip(blocks_d).zip(&mut outputs) {
        pack([a, b, c, d], output);
    }
    if let Some(output) = outputs.next() {
        pack([&padded(tail_a), &padded(tail_b), &padded(tail_c), &padded(tail_d)], output);
    }
    [a.1.one, b.1.one, c.1.one, d.1.one]
}

/// Stores eight elements of each of four vectors in their group.
#[inline(always)]
fn store_transposed<L: Lanes>(rows: [L::I16; 4], output: &mut [[i16; 8]; 4]) {
    let [a, b, c, d] = L::transpose_pairs(rows);
    let [to_a, to_b, to_c, to_d] = output;
    L::store_i16(a, to_a);
    L::store_i16(b, to_b);
    L::store_i16(c, to_c);
    L::store_i16(d, to_d);
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

/// Rounds up to eight columns to integers, in two groups; returns the value of an integer 1 in each.
#[inline(never)]
fn pack_columns<L: Lanes>(rows: Rows<'_>, first: usize, columns: usize, panel: &mut Group) -> [f32; 8] {
    let block = |row: usize| {
        let values = rows.slice(row, first, columns);
        load_block::<L>(&values.as_array().copied().unwrap_or_else(|| padded(values)))
    };
    let mut magnitudes = [L::splat_i32(0); 2];
    let mut sums_of_squares = [L::splat(0.0); 2];
    for first in (0..rows.count).step_by(BLOCK) {
        let mut sums = [L::splat(0.0); 2];
        for row in first..rows.count.min(first + BLOCK) {
            for (i, x) in block(row).into_iter().enumerate() {
                magnitudes[i] = L::max_i32(magnitudes[i], L::bits(L::abs(x)));
                sums[i] = sums[i] + x * x;
            }
        }
        for (sums_of_squares, sums) in sums_of_squares.iter_mut().zip(sums) {
            *sums_of_squares = L::max(*sums_of_squares, sums);
        }
    }
    let mut scales = [IntegerScale::default(); 8];
    for (i, scales) in scales.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (magnitudes, sums) = (L::to_array_i32(magnitudes[i]), L::to_array(sums_of_squares[i]));
        *scales = core::array::from_fn(|lane| IntegerScale::new(magnitudes[lane], sums[lane]));
    }
    let [low_factor, high_factor] = load_block::<L>(&scales.map(|scale| scale.factor));
    let (low_group, high_group) = panel.split_at_mut(panel.len() / 2);
    for (pair, (low_output, high_output)) in low_group.iter_mut().zip(high_group).enumerate() {
        let round_row = |row: usize| {
            // The rows that pad the group are multiplied by weights of 0.
            let [low, high] = block(row.min(rows.count - 1));
            round::<L>(low * low_factor, high * high_factor)
        };
        let [low, high] = L::interleave(round_row(2 * pair), round_row(2 * pair + 1));
        L::store_i16(low, low_output);
        L::store_i16(high, high_output);
    }
    scales.map(|scale| scale.one)
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
    let AttentionScratch { keys, key_scales, values, value_scales, mask, queries, scores, weights } = scratch;
    let size = inputs.head_size;
    let count = (inputs.queries.count - first).min(4);
    // The queries that pad the group are computed and dropped.
    let query = |i: usize| inputs.queries.slice(first + i.min(count - 1), head * size, size);
    let ones = pack_rows::<L>([query(0), query(1), query(2), query(3)], queries).map(|one| one * inputs.scale);
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
    for (row, scores) in scores.chunks_exact_mut(end - start).enumerate() {
        if let Some(bias) = inputs.bias {
            add(scores, &bias.row(head, first + row.min(count - 1), inputs.keys.count)[start..]);
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

/// The dot products of the four vectors of `group` with the eight of two others.
#[inline(always)]
fn multiply<L: Lanes>(group: &Group, [low, high]: [&Group; 2]) -> [[L::F32; 2]; 4] {
    let mut products = [[L::splat(0.0); 2]; 4];
    for ((group, low), high) in group.chunks(BLOCK / 2).zip(low.chunks(BLOCK / 2)).zip(high.chunks(BLOCK / 2)) {
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
        for (products, sums) in products.iter_mut().zip(sums) {
            *products = [products[0] + L::convert(sums[0]), products[1] + L::convert(sums[1])];
        }
    }
    products
}

/// Writes scores of four queries against eight keys to `scores`, in rows that are `stride` apart.
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
    let products = multiply::<L>(queries, keys.split_at(keys.len() / 2).into());
    let (key_ones, mask) = (load_block::<L>(key_ones), load_block::<L>(mask));
    for (row, (products, one)) in products.into_iter().zip(query_ones).enumerate() {
        let one = L::splat(one);
        let vectors = scores[row * stride..][..8].as_chunks_mut::<4>().0;
        for (half, (vector, products)) in vectors.iter_mut().zip(products).enumerate() {
            L::store(products * one * key_ones[half] + mask[half], vector);
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

#[inline(never)]
fn pack_weights<L: Lanes>(exponentials: &[f32], factors: [f32; 4], weights: &mut Group) -> [i32; 4] {
    let (blocks, _) = exponentials.as_chunks::<8>();
    let stride = blocks.len() / 4;
    let (a, rest) = blocks.split_at(stride);
    let (b, rest) = rest.split_at(stride);
    let (c, d) = rest.split_at(stride);
    let factors = factors.map(L::splat);
    let mut sums = [L::splat_i32(0); 4];
    for ((((a, b), c), d), output) in a.iter().zip(b).zip(c).zip(d).zip(weights.as_chunks_mut::<4>().0) {
        let mut round_row = |row: usize, block: &[f32; 8]| {
            let [low, high] = load_block::<L>(block);
            let integers = round::<L>(low * factors[row], high * factors[row]);
            sums[row] = sums[row] + L::dot(integers, L::splat_i16(1));
            integers
        };
        let integers = [round_row(0, a), round_row(1, b), round_row(2, c), round_row(3, d)];
        store_transposed::<L>(integers, output);
    }
    sums.map(L::sum_i32)
}

/// Eight channels of the context of four queries.
#[inline(never)]
fn context_tile<L: Lanes>(
    weights: &Group,
    values: [&Group; 2],
    weight_ones: [f32; 4],
    value_ones: &[f32; 8],
) -> [[f32; 8]; 4] {
    let products = multiply::<L>(weights, values);
    let value_ones = load_block::<L>(value_ones);
    let mut context = [[0.0; 8]; 4];
    for ((row, products), one) in context.iter_mut().zip(products).zip(weight_ones) {
        for (half, (vector, products)) in row.as_chunks_mut::<4>().0.iter_mut().zip(products).enumerate() {
            L::store(products * L::splat(one) * value_ones[half], vector);
        }
    }
    context
}

#[cfg(test)]
mod tests;
