//! SSE2, which every x86-64 processor has: `_mm_madd_epi16` on 16-bit activations and weights. Native tests and
//! `rerank convert` run it.

use core::arch::x86_64::*;

pub use super::scalar::widen_panel;
use super::{Dots, TILE_ROWS};
use crate::kernels::linear::panels::{GROUP_ROWS, GROUP_WEIGHTS, PANEL_COLUMNS};

/// Vectors in a group of weights. Each holds two columns.
const VECTORS: usize = GROUP_WEIGHTS / 8;

/// Dot products of `count` rows, `stride` activations apart, with the columns of a widened panel.
pub fn dot(rows: &[i16], stride: usize, count: usize, wide_panel: &[i16], dots: &mut Dots) {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe {
        match count {
            1 => dot_rows::<1>(rows, stride, wide_panel, dots),
            2 => dot_rows::<2>(rows, stride, wide_panel, dots),
            3 => dot_rows::<3>(rows, stride, wide_panel, dots),
            _ => unreachable!("a tile has 1 to {TILE_ROWS} rows"),
        }
    }
}

#[inline(never)]
#[target_feature(enable = "sse2")]
fn dot_rows<const ROWS: usize>(rows: &[i16], stride: usize, wide_panel: &[i16], dots: &mut Dots) {
    let groups = wide_panel.len() / GROUP_WEIGHTS;
    let rows: [&[i16]; ROWS] = core::array::from_fn(|row| &rows[row * stride..][..groups * GROUP_ROWS]);
    let mut sums = [[_mm_setzero_si128(); VECTORS]; ROWS];
    for (group, weights) in wide_panel.chunks_exact(GROUP_WEIGHTS).enumerate() {
        // SAFETY: vector < VECTORS, so that 8 numbers from 8 × vector lie inside the group.
        let weights: [__m128i; VECTORS] =
            core::array::from_fn(|vector| unsafe { _mm_loadu_si128(weights.as_ptr().add(8 * vector).cast()) });
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: group < groups, and a row has 4 activations, 8 bytes, for each group.
            let activations = unsafe { _mm_loadl_epi64(row.as_ptr().add(GROUP_ROWS * group).cast()) };
            let activations = _mm_unpacklo_epi64(activations, activations);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm_add_epi32(*sum, _mm_madd_epi16(activations, weights));
            }
        }
    }
    for (sums, dots) in sums.iter().zip(dots.iter_mut()) {
        *dots = sums_of_columns(sums);
    }
}

/// Adds the two sums of each column.
fn sums_of_columns(sums: &[__m128i; VECTORS]) -> [i32; PANEL_COLUMNS] {
    let mut dots = [0; PANEL_COLUMNS];
    for (sum, dots) in sums.iter().zip(dots.chunks_exact_mut(2)) {
        let mut halves = [0i32; 4];
        // SAFETY: `halves` has the size of a vector.
        unsafe { _mm_storeu_si128(halves.as_mut_ptr().cast(), *sum) };
        dots.copy_from_slice(&[halves[0].wrapping_add(halves[1]), halves[2].wrapping_add(halves[3])]);
    }
    dots
}
