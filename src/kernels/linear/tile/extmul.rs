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
        TILE_ROWS => dot_rows::<TILE_ROWS, PAIRED>(rows, stride, panel, dots),
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
    for group in (0..paired).step_by(2) {
        let codes: [[v128; 2]; ROWS] =
            core::array::from_fn(|row| [activations(row, group), activations(row, group + 1)]);
        for vector in 0..VECTORS {
            let [first, second] = [weights(group, vector), weights(group + 1, vector)];
            for (sums, codes) in sums.iter_mut().zip(codes) {
                let low = i16x8_add(i16x8_extmul_low_i8x16(codes[0], first), i16x8_extmul_low_i8x16(codes[1], second));
                let high =
                    i16x8_add(i16x8_extmul_high_i8x16(codes[0], first), i16x8_extmul_high_i8x16(codes[1], second));
                add(&mut sums[vector], low, high);
            }
        }
    }
    for group in paired..groups {
        for vector in 0..VECTORS {
            let weights = weights(group, vector);
            for (row, sums) in sums.iter_mut().enumerate() {
                let codes = activations(row, group);
                let (low, high) = (i16x8_extmul_low_i8x16(codes, weights), i16x8_extmul_high_i8x16(codes, weights));
                add(&mut sums[vector], low, high);
            }
        }
    }
    for (sums, dots) in sums.iter().zip(dots.iter_mut()) {
        for (&[low, high], dots) in sums.iter().zip(dots.as_chunks_mut::<4>().0) {
            let sums = i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(low, high), i32x4_shuffle::<1, 3, 5, 7>(low, high));
            // SAFETY: `dots` is 4 numbers, 16 bytes.
            unsafe { v128_store(dots.as_mut_ptr().cast(), sums) };
        }
    }
}

/// Adds products of 16 bits to sums of 32 bits.
#[inline(always)]
fn add(sums: &mut [v128; 2], low: v128, high: v128) {
    sums[0] = i32x4_add(sums[0], i32x4_extadd_pairwise_i16x8(low));
    sums[1] = i32x4_add(sums[1], i32x4_extadd_pairwise_i16x8(high));
}
