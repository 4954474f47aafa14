//! [`Lanes`] as the vectors of WebAssembly SIMD. This file is compiled only if `simd128` is on for the whole crate, so
//! its instructions need no check at run time.

use core::arch::wasm32::*;
use core::ops::{Add, Div, Mul, Sub};

use super::Lanes;

#[derive(Clone, Copy)]
pub struct Simd128;

#[derive(Clone, Copy)]
pub struct F32(v128);

#[derive(Clone, Copy)]
pub struct I32(v128);

#[derive(Clone, Copy)]
pub struct I16(v128);

macro_rules! lanewise {
    ($vector:ident, $trait:ident, $method:ident, $instruction:ident) => {
        impl $trait for $vector {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self($instruction(self.0, other.0))
            }
        }
    };
}
lanewise!(F32, Add, add, f32x4_add);
lanewise!(F32, Sub, sub, f32x4_sub);
lanewise!(F32, Mul, mul, f32x4_mul);
lanewise!(F32, Div, div, f32x4_div);
lanewise!(I32, Add, add, i32x4_add);
lanewise!(I32, Sub, sub, i32x4_sub);
lanewise!(I32, Mul, mul, i32x4_mul);

/// A type of 16 bytes without padding, in which every pattern of bits is a value.
///
/// # Safety
/// The implementor guarantees exactly that.
unsafe trait Block {}
// SAFETY: four times four bytes; every pattern is an f32.
unsafe impl Block for [f32; 4] {}
// SAFETY: four times four bytes; every pattern is an i32.
unsafe impl Block for [i32; 4] {}
// SAFETY: eight times two bytes; every pattern is an i16.
unsafe impl Block for [i16; 8] {}
// SAFETY: sixteen bytes; every pattern is an i8.
unsafe impl Block for [i8; 16] {}

#[inline(always)]
fn load<B: Block>(from: &B) -> v128 {
    // SAFETY: the reference is valid for reads of its 16 bytes, and v128.load needs no alignment.
    unsafe { v128_load(core::ptr::from_ref(from).cast()) }
}

#[inline(always)]
fn store<B: Block>(value: v128, to: &mut B) {
    // SAFETY: the reference is valid for writes of its 16 bytes, and every pattern of bits is a value of its type.
    // v128.store needs no alignment.
    unsafe { v128_store(core::ptr::from_mut(to).cast(), value) }
}

impl Lanes for Simd128 {
    type F32 = F32;
    type I32 = I32;
    type I16 = I16;

    #[inline(always)]
    fn splat(value: f32) -> F32 {
        F32(f32x4_splat(value))
    }

    #[inline(always)]
    fn load(from: &[f32; 4]) -> F32 {
        F32(load(from))
    }

    #[inline(always)]
    fn store(value: F32, to: &mut [f32; 4]) {
        store(value.0, to);
    }

    #[inline(always)]
    fn abs(value: F32) -> F32 {
        F32(f32x4_abs(value.0))
    }

    #[inline(always)]
    fn min(a: F32, b: F32) -> F32 {
        F32(f32x4_pmin(a.0, b.0))
    }

    #[inline(always)]
    fn max(a: F32, b: F32) -> F32 {
        F32(f32x4_pmax(a.0, b.0))
    }

    #[inline(always)]
    fn zero_where_less(a: F32, b: F32, value: F32) -> F32 {
        F32(v128_andnot(value.0, f32x4_lt(a.0, b.0)))
    }

    #[inline(always)]
    fn bits(value: F32) -> I32 {
        I32(value.0)
    }

    #[inline(always)]
    fn from_bits(bits: I32) -> F32 {
        F32(bits.0)
    }

    #[inline(always)]
    fn convert(value: I32) -> F32 {
        F32(f32x4_convert_i32x4(value.0))
    }

    #[inline(always)]
    fn splat_i32(value: i32) -> I32 {
        I32(i32x4_splat(value))
    }

    #[inline(always)]
    fn load_i32(from: &[i32; 4]) -> I32 {
        I32(load(from))
    }

    #[inline(always)]
    fn store_i32(value: I32, to: &mut [i32; 4]) {
        store(value.0, to);
    }

    #[inline(always)]
    fn max_i32(a: I32, b: I32) -> I32 {
        I32(i32x4_max(a.0, b.0))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(value: I32) -> I32 {
        I32(i32x4_shl(value.0, BITS))
    }

    #[inline(always)]
    fn splat_i16(value: i16) -> I16 {
        I16(i16x8_splat(value))
    }

    #[inline(always)]
    fn load_i16(from: &[i16; 8]) -> I16 {
        I16(load(from))
    }

    #[inline(always)]
    fn store_i16(value: I16, to: &mut [i16; 8]) {
        store(value.0, to);
    }

    #[inline(always)]
    fn min_i16(a: I16, b: I16) -> I16 {
        I16(i16x8_min(a.0, b.0))
    }

    #[inline(always)]
    fn max_i16(a: I16, b: I16) -> I16 {
        I16(i16x8_max(a.0, b.0))
    }

    #[inline(always)]
    fn narrow(a: I32, b: I32) -> I16 {
        I16(i16x8_narrow_i32x4(a.0, b.0))
    }

    #[inline(always)]
    fn store_i8(a: I16, b: I16, to: &mut [i8; 16]) {
        store(i8x16_narrow_i16x8(a.0, b.0), to);
    }

    #[inline(always)]
    fn splat_pair<const PAIR: usize>(from: &[i16; 8]) -> I16 {
        const { assert!(PAIR < 4) };
        // SAFETY: 4·PAIR + 4 ≤ 16, so the four bytes lie within `from`; v128.load32_splat needs no alignment.
        I16(unsafe { v128_load32_splat(from.as_ptr().add(2 * PAIR).cast()) })
    }

    #[inline(always)]
    fn dot(a: I16, b: I16) -> I32 {
        I32(i32x4_dot_i16x8(a.0, b.0))
    }

    #[inline(always)]
    fn transpose_pairs(rows: [I16; 4]) -> [I16; 4] {
        let [a, b, c, d] = rows.map(|row| row.0);
        let (ab_low, ab_high) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd_low, cd_high) = (i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            I16(i64x2_shuffle::<0, 2>(ab_low, cd_low)),
            I16(i64x2_shuffle::<1, 3>(ab_low, cd_low)),
            I16(i64x2_shuffle::<0, 2>(ab_high, cd_high)),
            I16(i64x2_shuffle::<1, 3>(ab_high, cd_high)),
        ]
    }

    #[inline(always)]
    fn interleave(a: I16, b: I16) -> [I16; 2] {
        [
            I16(i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a.0, b.0)),
            I16(i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a.0, b.0)),
        ]
    }
}
