//! wasm SIMD: `i16x8_extmul` on the bytes of activations and weights, without widened copies.
//!
//! ARM has one instruction for each of its steps, and needs three for `i32x4_dot_i16x8`. x86 has none for the first.
//!
//! A code of seven bits times an activation is at most 127 × 128 in magnitude. So the products of two groups add up in
//! 16 bits, 2 × 127 × 128 < 2¹⁵, before they are widened. Products of eight bits are widened one by one.

use core::arch::wasm32::*;

use super::simd128::{VECTORS, assert_rows_inside};
use super::{Dots, TILE_ROWS};
use crate::kernels::linear::panels::{GROUP_ROWS, GROUP_WEIGHTS};

/// Dot products of `count` rows of activations, `stride` bytes apart, with the codes of a panel, which have seven bits.
pub fn dot(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    dot_of::<true>(rows, stride, count, panel, dots);
}

/// [`dot`] for signed weights of eight bits, too.
pub fn dot_of_eight_bits(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    dot_of::<false>(rows, stride, count, panel, dots);
}

fn dot_of<const PAIRED: bool>(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    match count {
        1 => dot_rows::<1, PAIRED>(rows, stride, panel, dots),
        2 => dot_rows::<2, PAIRED>(rows, stride, panel, dots),
        3 => dot_rows::<3, PAIRED>(rows, stride, panel, dots),
        _ => unreachable!("a tile has 1 to {TILE_ROWS} rows"),
    }
}

#[inline(never)]
fn dot_rows<const ROWS: usize, const PAIRED: bool>(rows: &[i8], stride: usize, panel: &[u8], dots: &mut Dots) {
    let groups = panel.len() / GROUP_WEIGHTS;
    assert_eq!(panel.len(), groups * GROUP_WEIGHTS, "a panel holds whole groups");
    assert_rows_inside::<ROWS>(rows.len(), stride, groups * GROUP_ROWS);
    // The sums of columns 0 and 1 of a vector, two for each, then those of columns 2 and 3.
    let mut sums = [[[i32x4_splat(0); 2]; VECTORS]; ROWS];
    let weights = |group: usize, vector: usize| {
        debug_assert!(group < groups && vector < VECTORS);
        // SAFETY: group < groups and vector < VECTORS, so the 16 bytes lie inside the panel.
        unsafe { v128_load(panel.as_ptr().add(group * GROUP_WEIGHTS + 16 * vector).cast()) }
    };
    let activations = |row: usize, group: usize| {
        debug_assert!(row < ROWS && group < groups);
        // SAFETY: the 4 bytes from row × stride + 4 × group lie inside `rows`, as asserted.
        unsafe { v128_load32_splat(rows.as_ptr().add(row * stride + GROUP_ROWS * group).cast()) }
    };
    let paired = if PAIRED { groups / 2 * 2 } else { 0 };
    // Arrays of a fixed length are unrolled. In a loop over vectors the compiler would keep the sums in memory, and
    // replace products of bytes by products of widened bytes.
    for group in (0..paired).step_by(2) {
        let weights: [[v128; 2]; VECTORS] =
            core::array::from_fn(|vector| [weights(group, vector), weights(group + 1, vector)]);
        sums = core::array::from_fn(|row| {
            let codes = [activations(row, group), activations(row, group + 1)];
            core::array::from_fn(|vector| add_two(sums[row][vector], codes, weights[vector]))
        });
    }
    for group in paired..groups {
        let weights: [v128; VECTORS] = core::array::from_fn(|vector| weights(group, vector));
        sums = core::array::from_fn(|row| {
            let codes = activations(row, group);
            core::array::from_fn(|vector| add_one(sums[row][vector], codes, weights[vector]))
        });
    }
    for (sums, dots) in sums.iter().zip(dots.iter_mut()) {
        for (&[low, high], dots) in sums.iter().zip(dots.as_chunks_mut::<4>().0) {
            let sums = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(low, high), i32x4_shuffle::<1, 3, 5, 7>(low, high));
            // SAFETY: `dots` is 4 numbers, 16 bytes.
            unsafe { v128_store(dots.as_mut_ptr().cast(), sums) };
        }
    }
}

/// Adds the products of two groups, which fit 16 bits together.
#[inline(always)]
fn add_two(sums: [v128; 2], codes: [v128; 2], weights: [v128; 2]) -> [v128; 2] {
    let low = i16x8_add(i16x8_extmul_low_i8x16(codes[0], weights[0]), i16x8_extmul_low_i8x16(codes[1], weights[1]));
    let high = i16x8_add(i16x8_extmul_high_i8x16(codes[0], weights[0]), i16x8_extmul_high_i8x16(codes[1], weights[1]));
    add(sums, low, high)
}

/// Adds the products of one group.
#[inline(always)]
fn add_one(sums: [v128; 2], codes: v128, weights: v128) -> [v128; 2] {
    add(sums, i16x8_extmul_low_i8x16(codes, weights), i16x8_extmul_high_i8x16(codes, weights))
}

/// Adds products of 16 bits to sums of 32 bits.
#[inline(always)]
fn add([low_sums, high_sums]: [v128; 2], low: v128, high: v128) -> [v128; 2] {
    [i32x4_add(low_sums, i32x4_extadd_pairwise_i16x8(low)), i32x4_add(high_sums, i32x4_extadd_pairwise_i16x8(high))]
}
