//! wasm relaxed SIMD: one instruction multiplies four pairs in each lane. The crate `relaxed_dot` says how.

pub use relaxed_dot::{dot, dot_in_two_steps, multiplies_eight_bits, pairs_saturate};

use crate::kernels::linear::panels::GROUP_ROWS;

const _: () = assert!(relaxed_dot::GROUP_ROWS == GROUP_ROWS, "the crate reads panels as they are packed");
