//! [`Lanes`] as arrays: the reference, and the implementation without WebAssembly SIMD.

use core::array::from_fn;
use core::ops::{Add, Div, Mul, Sub};

use super::Lanes;

#[derive(Clone, Copy)]
pub struct Scalar;

#[derive(Clone, Copy)]
pub struct F32([f32; 4]);

#[derive(Clone, Copy)]
pub struct I32([i32; 4]);

#[derive(Clone, Copy)]
pub struct I16([i16; 8]);

macro_rules! lanewise {
    ($vector:ident, $trait:ident, $method:ident, $operation:expr) => {
        impl $trait for $vector {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(from_fn(|i| $operation(self.0[i], other.0[i])))
            }
        }
    };
}
lanewise!(F32, Add, add, |a: f32, b: f32| a + b);
lanewise!(F32, Sub, sub, |a: f32, b: f32| a - b);
lanewise!(F32, Mul, mul, |a: f32, b: f32| a * b);
lanewise!(F32, Div, div, |a: f32, b: f32| a / b);
lanewise!(I32, Add, add, i32::wrapping_add);
lanewise!(I32, Sub, sub, i32::wrapping_sub);
lanewise!(I32, Mul, mul, i32::wrapping_mul);

impl Lanes for Scalar {
    type F32 = F32;
    type I32 = I32;
    type I16 = I16;

    #[inline(always)]
    fn splat(value: f32) -> F32 {
        F32([value; 4])
    }

    #[inline(always)]
    fn load(from: &[f32; 4]) -> F32 {
        F32(*from)
    }

    #[inline(always)]
    fn store(value: F32, to: &mut [f32; 4]) {
        *to = value.0;
    }

    #[inline(always)]
    fn abs(value: F32) -> F32 {
        F32(value.0.map(f32::abs))
    }

    #[inline(always)]
    fn min(a: F32, b: F32) -> F32 {
        F32(from_fn(|i| if b.0[i] < a.0[i] { b.0[i] } else { a.0[i] }))
    }

    #[inline(always)]
    fn max(a: F32, b: F32) -> F32 {
        F32(from_fn(|i| if a.0[i] < b.0[i] { b.0[i] } else { a.0[i] }))
    }

    #[inline(always)]
    fn zero_where_less(a: F32, b: F32, value: F32) -> F32 {
        F32(from_fn(|i| if a.0[i] < b.0[i] { 0.0 } else { value.0[i] }))
    }

    #[inline(always)]
    fn bits(value: F32) -> I32 {
        I32(value.0.map(|x| x.to_bits() as i32))
    }

    #[inline(always)]
    fn from_bits(bits: I32) -> F32 {
        F32(bits.0.map(|x| f32::from_bits(x as u32)))
    }

    #[inline(always)]
    fn convert(value: I32) -> F32 {
        F32(value.0.map(|x| x as f32))
    }

    #[inline(always)]
    fn splat_i32(value: i32) -> I32 {
        I32([value; 4])
    }

    #[inline(always)]
    fn load_i32(from: &[i32; 4]) -> I32 {
        I32(*from)
    }

    #[inline(always)]
    fn store_i32(value: I32, to: &mut [i32; 4]) {
        *to = value.0;
    }

    #[inline(always)]
    fn max_i32(a: I32, b: I32) -> I32 {
        I32(from_fn(|i| a.0[i].max(b.0[i])))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(value: I32) -> I32 {
        I32(value.0.map(|x| x << BITS))
    }

    #[inline(always)]
    fn splat_i16(value: i16) -> I16 {
        I16([value; 8])
    }

    #[inline(always)]
    fn load_i16(from: &[i16; 8]) -> I16 {
        I16(*from)
    }

    #[inline(always)]
    fn store_i16(value: I16, to: &mut [i16; 8]) {
        *to = value.0;
    }

    #[inline(always)]
    fn min_i16(a: I16, b: I16) -> I16 {
        I16(from_fn(|i| a.0[i].min(b.0[i])))
    }

    #[inline(always)]
    fn max_i16(a: I16, b: I16) -> I16 {
        I16(from_fn(|i| a.0[i].max(b.0[i])))
    }

    #[inline(always)]
    fn narrow(a: I32, b: I32) -> I16 {
        I16(from_fn(|i| if i < 4 { a.0[i] } else { b.0[i - 4] }.clamp(i16::MIN.into(), i16::MAX.into()) as i16))
    }

    #[inline(always)]
    fn store_i8(a: I16, b: I16, to: &mut [i8; 16]) {
        *to = from_fn(|i| if i < 8 { a.0[i] } else { b.0[i - 8] }.clamp(i8::MIN.into(), i8::MAX.into()) as i8);
    }

    #[inline(always)]
    fn splat_pair<const PAIR: usize>(from: &[i16; 8]) -> I16 {
        I16(from_fn(|i| from[2 * PAIR + i % 2]))
    }

    #[inline(always)]
    fn dot(a: I16, b: I16) -> I32 {
        let product = |i: usize| i32::from(a.0[i]) * i32::from(b.0[i]);
        I32(from_fn(|i| product(2 * i).wrapping_add(product(2 * i + 1))))
    }

    #[inline(always)]
    fn transpose_pairs(rows: [I16; 4]) -> [I16; 4] {
        from_fn(|pair| I16(from_fn(|i| rows[i / 2].0[2 * pair + i % 2])))
    }

    #[inline(always)]
    fn interleave(a: I16, b: I16) -> [I16; 2] {
        from_fn(|half| I16(from_fn(|i| if i % 2 == 0 { a } else { b }.0[4 * half + i / 2])))
    }
}
