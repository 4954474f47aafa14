//! wasm relaxed SIMD: four products a lane in one instruction, exact because the weights fit 7 bits.

use core::arch::wasm32::*;

use super::simd128::{VECTORS, assert_rows_inside, store_dots};
use super::{Dots, GROUP_WEIGHTS, TILE_ROWS};
use crate::kernels::pack::GROUP_ROWS;

/// Dot products of `count` rows of activations, `stride` bytes apart, with the seven-bit codes of a panel.
pub fn dot(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    match count {
        1 => dot_rows::<1>(rows, stride, panel, dots),
        2 => dot_rows::<2>(rows, stride, panel, dots),
        TILE_ROWS => dot_rows::<TILE_ROWS>(rows, stride, panel, dots),
        _ => unreachable!("a tile has 1 to {TILE_ROWS} rows"),
    }
}

#[inline(never)]
#[target_feature(enable = "relaxed-simd")]
fn dot_rows<const ROWS: usize>(rows: &[i8], stride: usize, panel: &[u8], dots: &mut Dots) {
    let groups = panel.len() / GROUP_WEIGHTS;
    assert_rows_inside::<ROWS>(rows.len(), stride, groups * GROUP_ROWS);
    let mut sums = [[i32x4_splat(0); VECTORS]; ROWS];
    for group in 0..groups {
        // SAFETY: group < groups, so the 3 vectors of 16 codes lie inside the panel, and the 4 activations from
        // row × stride + 4 × group inside `rows`, as asserted.
        unsafe {
            let weights = panel.as_ptr().add(group * GROUP_WEIGHTS).cast::<v128>();
            let weights: [v128; VECTORS] = core::array::from_fn(|vector| v128_load(weights.add(vector)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let activations = v128_load32_splat(rows.as_ptr().add(row * stride + GROUP_ROWS * group).cast());
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = i32x4_relaxed_dot_i8x16_i7x16_add(activations, weights, *sum);
                }
            }
        }
    }
    store_dots(&sums, dots);
}
