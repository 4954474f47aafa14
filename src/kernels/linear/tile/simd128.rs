//! wasm SIMD: `i32x4_dot_i16x8` on activations and weights widened to 16 bits.

use core::arch::wasm32::*;

use super::{Dots, TILE_ROWS};
use crate::kernels::linear::panels::{GROUP_ROWS, GROUP_WEIGHTS, PANEL_COLUMNS};

pub const VECTORS: usize = PANEL_COLUMNS / 4;

/// Widens a panel for [`dot`]: for each pair of rows, column after column. Both encodings read as two's complement: a
/// seven-bit code (weight + 64) has no sign bit. `wide` has the length of `panel`.
pub fn widen_panel(panel: &[u8], wide: &mut [i16]) {
    assert_eq!(panel.len(), wide.len());
    for (group, wide) in panel.chunks_exact(GROUP_WEIGHTS).zip(wide.chunks_exact_mut(GROUP_WEIGHTS)) {
        for vector in 0..VECTORS {
            // SAFETY: 16 bytes from 16 × vector lie inside the group, and 8 numbers from 8 × (vector + VECTORS) lie
            // inside `wide`.
            unsafe {
                let bytes = v128_load(group.as_ptr().add(16 * vector).cast());
                let pairs = i8x16_shuffle::<0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15>(bytes, bytes);
                v128_store(wide.as_mut_ptr().add(8 * vector).cast(), i16x8_extend_low_i8x16(pairs));
                v128_store(wide.as_mut_ptr().add(8 * (vector + VECTORS)).cast(), i16x8_extend_high_i8x16(pairs));
            }
        }
    }
}

/// Dot products of `count` rows, `stride` activations apart, with the columns of a widened panel.
pub fn dot(rows: &[i16], stride: usize, count: usize, wide_panel: &[i16], dots: &mut Dots) {
    match count {
        1 => dot_rows::<1>(rows, stride, wide_panel, dots),
        2 => dot_rows::<2>(rows, stride, wide_panel, dots),
        3 => dot_rows::<3>(rows, stride, wide_panel, dots),
        _ => unreachable!("a tile has 1 to {TILE_ROWS} rows"),
    }
}

#[inline(never)]
fn dot_rows<const ROWS: usize>(rows: &[i16], stride: usize, wide_panel: &[i16], dots: &mut Dots) {
    let groups = wide_panel.len() / GROUP_WEIGHTS;
    assert_rows_inside::<ROWS>(rows.len(), stride, groups * GROUP_ROWS);
    let mut sums = [[i32x4_splat(0); VECTORS]; ROWS];
    for pair in 0..2 * groups {
        // SAFETY: pair < 2 × groups, so the 3 vectors of 8 numbers lie inside the panel. The 2 activations from
        // row × stride + 2 × pair lie inside `rows`, as asserted.
        unsafe {
            let weights = wide_panel.as_ptr().add(pair * 8 * VECTORS).cast::<v128>();
            let weights: [v128; VECTORS] = core::array::from_fn(|vector| v128_load(weights.add(vector)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let activations = v128_load32_splat(rows.as_ptr().add(row * stride + 2 * pair).cast());
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = i32x4_add(*sum, i32x4_dot_i16x8(activations, weights));
                }
            }
        }
    }
    store_dots(&sums, dots);
}

/// Panics unless `ROWS` rows, `stride` activations apart and each read for `length` of them, lie inside `available`
/// activations.
#[inline(always)]
pub fn assert_rows_inside<const ROWS: usize>(available: usize, stride: usize, length: usize) {
    assert!(
        ROWS <= TILE_ROWS
            && length <= stride
            && available >= length
            && (available - length) / stride.max(1) >= ROWS - 1
    );
}

#[inline(always)]
pub fn store_dots<const ROWS: usize>(sums: &[[v128; VECTORS]; ROWS], dots: &mut Dots) {
    for (sums, dots) in sums.iter().zip(dots.iter_mut()) {
        for (sum, dots) in sums.iter().zip(dots.chunks_exact_mut(4)) {
            // SAFETY: the chunk is 4 numbers, 16 bytes.
            unsafe { v128_store(dots.as_mut_ptr().cast(), *sum) };
        }
    }
}
