//! Rounds vectors to integers of 16 bits, side by side as the products read them.

use super::rows::Rows;
use crate::kernels::lanes::{Lanes, ROUNDING, ROUNDING_BITS};

/// Four vectors side by side, two elements of each in turn. Element `i` of vector `j` is at `[i / 2][2 * j + i % 2]`.
pub(super) type Group = [[i16; 8]];

/// Elements of a vector that one integer sum covers. Short blocks keep more bits; long ones are faster.
pub(super) const BLOCK: usize = 64;

/// The largest norm of a block before it is rounded. √2³¹ is 46,340.95. Rounding adds at most ½√[`BLOCK`] = 4;
/// computing the norm in floats adds a few parts in a million.
pub(super) const NORM_LIMIT: f32 = 46_336.0;

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
pub(super) fn load_block<L: Lanes>(block: &[f32; 8]) -> [L::F32; 2] {
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
pub(super) fn pack_rows<L: Lanes>(rows: [&[f32]; 4], group: &mut Group) -> [f32; 4] {
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

/// Rounds up to eight columns to integers, in two groups; returns the value of an integer 1 in each.
#[inline(never)]
pub(super) fn pack_columns<L: Lanes>(rows: Rows<'_>, first: usize, columns: usize, panel: &mut Group) -> [f32; 8] {
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

#[inline(never)]
pub(super) fn pack_weights<L: Lanes>(exponentials: &[f32], factors: [f32; 4], weights: &mut Group) -> [i32; 4] {
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
