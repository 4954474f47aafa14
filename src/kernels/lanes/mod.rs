//! Vectors of 128 bits and the operations on them that kernels use.

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

use core::ops::{Add, Div, Mul, Sub};

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use scalar::Scalar as Fastest;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::Simd128 as Fastest;

/// Rounds a float of magnitude below 2²² to an integer, half to even, when it is added. The low bits of the sum are the
/// integer: `bits(x + ROUNDING) − bits(ROUNDING)`.
pub const ROUNDING: f32 = 12_582_912.0;
pub const ROUNDING_BITS: i32 = ROUNDING.to_bits() as i32;

/// Four lanes of `f32` or `i32`, eight of `i16`. Float operations round as IEEE 754 says and integers wrap, so every
/// implementation gives the same bits.
pub trait Lanes: Copy + 'static {
    type F32: Copy
        + Add<Output = Self::F32>
        + Sub<Output = Self::F32>
        + Mul<Output = Self::F32>
        + Div<Output = Self::F32>;
    type I32: Copy + Add<Output = Self::I32> + Sub<Output = Self::I32> + Mul<Output = Self::I32>;
    type I16: Copy;

    fn splat(value: f32) -> Self::F32;
    fn load(from: &[f32; 4]) -> Self::F32;
    fn store(value: Self::F32, to: &mut [f32; 4]);
    fn abs(value: Self::F32) -> Self::F32;
    /// `b` where it is less than `a`, else `a`; so a NaN in `b` is ignored.
    fn min(a: Self::F32, b: Self::F32) -> Self::F32;
    /// `b` where `a` is less than it, else `a`; so a NaN in `b` is ignored.
    fn max(a: Self::F32, b: Self::F32) -> Self::F32;
    /// +0 where `a` is less than `b`, else `value`.
    fn zero_where_less(a: Self::F32, b: Self::F32, value: Self::F32) -> Self::F32;
    fn bits(value: Self::F32) -> Self::I32;
    fn from_bits(bits: Self::I32) -> Self::F32;
    /// Integers as floats, rounded half to even.
    fn convert(value: Self::I32) -> Self::F32;

    fn splat_i32(value: i32) -> Self::I32;
    fn load_i32(from: &[i32; 4]) -> Self::I32;
    fn store_i32(value: Self::I32, to: &mut [i32; 4]);
    fn max_i32(a: Self::I32, b: Self::I32) -> Self::I32;
    fn shift_left<const BITS: u32>(value: Self::I32) -> Self::I32;

    fn splat_i16(value: i16) -> Self::I16;
    fn load_i16(from: &[i16; 8]) -> Self::I16;
    fn store_i16(value: Self::I16, to: &mut [i16; 8]);
    fn min_i16(a: Self::I16, b: Self::I16) -> Self::I16;
    fn max_i16(a: Self::I16, b: Self::I16) -> Self::I16;
    /// `a`, then `b`, saturated.
    fn narrow(a: Self::I32, b: Self::I32) -> Self::I16;
    /// `a`, then `b`, saturated.
    fn store_i8(a: Self::I16, b: Self::I16, to: &mut [i8; 16]);
    /// Four times the `PAIR`th pair of `from`.
    fn splat_pair<const PAIR: usize>(from: &[i16; 8]) -> Self::I16;
    /// For each of the four pairs, the sum of the two products.
    fn dot(a: Self::I16, b: Self::I16) -> Self::I32;
    /// The `i`th result holds the `i`th pair of each argument.
    fn transpose_pairs(rows: [Self::I16; 4]) -> [Self::I16; 4];
    /// a₀ b₀ a₁ b₁ a₂ b₂ a₃ b₃, then the same of the upper halves.
    fn interleave(a: Self::I16, b: Self::I16) -> [Self::I16; 2];

    /// A splat for use in a loop. If the compiler saw the value, it would move the constant into the loop, where V8
    /// rebuilds it each time with several instructions. A hidden value is built once, which saves a fifth of the time.
    #[inline(always)]
    fn constant(value: f32) -> Self::F32 {
        Self::splat(core::hint::black_box(value))
    }

    /// At most three elements, then `fill`.
    #[inline(always)]
    fn load_partial(from: &[f32], fill: f32) -> Self::F32 {
        let mut lanes = [fill; 4];
        lanes[..from.len()].copy_from_slice(from);
        Self::load(&lanes)
    }

    /// Stores the first lanes, as many as fit.
    #[inline(always)]
    fn store_partial(value: Self::F32, to: &mut [f32]) {
        let mut lanes = [0.0; 4];
        Self::store(value, &mut lanes);
        to.copy_from_slice(&lanes[..to.len()]);
    }

    #[inline(always)]
    fn to_array(value: Self::F32) -> [f32; 4] {
        let mut lanes = [0.0; 4];
        Self::store(value, &mut lanes);
        lanes
    }

    #[inline(always)]
    fn to_array_i32(value: Self::I32) -> [i32; 4] {
        let mut lanes = [0; 4];
        Self::store_i32(value, &mut lanes);
        lanes
    }

    /// (x₀ + x₁) + (x₂ + x₃).
    #[inline(always)]
    fn sum(value: Self::F32) -> f32 {
        let [a, b, c, d] = Self::to_array(value);
        (a + b) + (c + d)
    }

    #[inline(always)]
    fn sum_i32(value: Self::I32) -> i32 {
        Self::to_array_i32(value).into_iter().fold(0, i32::wrapping_add)
    }

    /// The largest lane; NaNs behind the first lane are ignored.
    #[inline(always)]
    fn largest(value: Self::F32) -> f32 {
        Self::to_array(value).into_iter().reduce(|a, b| if a < b { b } else { a }).unwrap_or(f32::NAN)
    }

    #[inline(always)]
    fn largest_i32(value: Self::I32) -> i32 {
        let [a, b, c, d] = Self::to_array_i32(value);
        a.max(b).max(c.max(d))
    }
}
