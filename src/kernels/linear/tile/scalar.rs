//! The reference: plain loops over 16-bit activations and weights.

use super::{Dots, TILE_ROWS};
use crate::kernels::linear::panels::{GROUP_ROWS, GROUP_WEIGHTS, PANEL_COLUMNS};

/// Widens a panel. Both encodings read as two's complement: a seven-bit code (weight + 64) has no sign bit. `wide` has
/// the length of `panel`.
pub fn widen_panel(panel: &[u8], wide: &mut [i16]) {
    for (wide, &byte) in wide.iter_mut().zip(panel) {
        *wide = i16::from(byte as i8);
    }
}

/// Dot products of `count` rows, `stride` activations apart, with the columns of a widened panel.
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "there only the tests run the reference"))]
pub fn dot(rows: &[i16], stride: usize, count: usize, wide_panel: &[i16], dots: &mut Dots) {
    assert!(count <= TILE_ROWS);
    for (row, dots) in rows.chunks(stride).zip(dots.iter_mut()).take(count) {
        *dots = [0; PANEL_COLUMNS];
        for (activations, weights) in row.chunks_exact(GROUP_ROWS).zip(wide_panel.chunks_exact(GROUP_WEIGHTS)) {
            for (dot, weights) in dots.iter_mut().zip(weights.chunks_exact(GROUP_ROWS)) {
                // `Linear::new` guarantees that sums fit. Overflow checks would keep the compiler from using SIMD.
                for (&activation, &weight) in activations.iter().zip(weights) {
                    *dot = dot.wrapping_add(i32::from(activation).wrapping_mul(i32::from(weight)));
                }
            }
        }
    }
}
