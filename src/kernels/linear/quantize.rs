//! Dynamic quantisation of activations to 8 bits, one row (token) at a time.

use crate::kernels::lanes::{Fastest, Lanes, ROUNDING, ROUNDING_BITS};

/// Quantisation of a row: x ≈ scale · (q − zero_point) for each of its elements x, stored as q.
#[derive(Debug, Clone, Copy)]
pub struct RowScale {
    pub scale: f32,
    /// The q that stands for 0, in −128..=127. ONNX's zero point is larger by 128.
    pub zero_point: i32,
    /// Sum of q over the elements of the row, without padding.
    pub sum: i32,
}

impl PartialEq for RowScale {
    fn eq(&self, other: &Self) -> bool {
        (self.scale == other.scale || self.scale.is_nan() && other.scale.is_nan())
            && (self.zero_point, self.sum) == (other.zero_point, other.sum)
    }
}

/// Quantises a row as ONNX's DynamicQuantizeLinear does a tensor, less 128 so that the values fit an `i8`. With low =
/// min(0, smallest element) and high = max(0, largest element): scale = (high − low)/255, zero_point =
/// round(−low/scale) − 128, q = clamp(round(x/scale) + zero_point, −128, 127). Halves are rounded to even. If
/// `quantized` is longer than the row, the rest is filled with 0.
///
/// A row of zeros, or one with a scale too small for a float, becomes zeros with scale 0 and zero point 0. A row with a
/// NaN or an infinity, or with a range too large for a float, becomes zeros with scale NaN. All that is computed from
/// it is NaN, and not a number that looks right.
///
/// # Panics
/// If `quantized` is shorter than the row.
pub fn quantize_row_i8(row: &[f32], quantized: &mut [i8]) -> RowScale {
    quantize_row::<Fastest>(row, quantized)
}

#[inline(never)]
fn quantize_row<L: Lanes>(row: &[f32], quantized: &mut [i8]) -> RowScale {
    let (quantized, padding) = quantized.split_at_mut(row.len());
    padding.fill(0);
    let (low, high) = range::<L>(row);
    let scale = (high - low) / 255.0;
    // A NaN takes this branch too.
    if !(scale > 0.0 && scale < f32::INFINITY) {
        quantized.fill(0);
        let scale = if scale == 0.0 { 0.0 } else { f32::NAN };
        return RowScale { scale, zero_point: 0, sum: 0 };
    }
    let zero_point = ((-low / scale).round_ties_even() as i32).min(255) - 128;

    let divisor = L::splat(scale);
    let rounding = L::splat(ROUNDING);
    let offset = L::splat_i32(zero_point - ROUNDING_BITS);
    let (smallest, largest) = (L::splat_i16(i8::MIN.into()), L::splat_i16(i8::MAX.into()));
    let quantize_block = |block: &[f32; 16]| {
        let [a, b, c, d] = vectors(block).map(|x| L::bits(L::load(x) / divisor + rounding) + offset);
        [L::narrow(a, b), L::narrow(c, d)].map(|q| L::max_i16(L::min_i16(q, largest), smallest))
    };
    let one = L::splat_i16(1);
    let mut sums = L::splat_i32(0);
    let (blocks, tail) = row.as_chunks::<16>();
    let (outputs, output_tail) = quantized.as_chunks_mut::<16>();
    for (block, output) in blocks.iter().zip(outputs) {
        let [low, high] = quantize_block(block);
        sums = sums + L::dot(low, one) + L::dot(high, one);
        L::store_i8(low, high, output);
    }
    let mut sum = L::sum_i32(sums);
    if !tail.is_empty() {
        let mut block = [0.0; 16];
        block[..tail.len()].copy_from_slice(tail);
        let [low, high] = quantize_block(&block);
        let mut output = [0; 16];
        L::store_i8(low, high, &mut output);
        output_tail.copy_from_slice(&output[..tail.len()]);
        sum += output_tail.iter().map(|&q| i32::from(q)).sum::<i32>();
    }
    RowScale { scale, zero_point, sum }
}

#[inline(always)]
fn vectors(block: &[f32; 16]) -> [&[f32; 4]; 4] {
    let vectors = block.as_chunks::<4>().0;
    [&vectors[0], &vectors[1], &vectors[2], &vectors[3]]
}

/// The smallest and the largest of the elements and 0; NaNs if an element is not finite.
#[inline(always)]
fn range<L: Lanes>(row: &[f32]) -> (f32, f32) {
    let zero = L::splat(0.0);
    let mut low = [zero; 4];
    let mut high = [zero; 4];
    let mut magnitude = [L::splat_i32(0); 4];
    let (blocks, tail) = row.as_chunks::<16>();
    let mut take = |block: &[f32; 16]| {
        for (i, x) in vectors(block).map(L::load).into_iter().enumerate() {
            low[i] = L::min(low[i], x);
            high[i] = L::max(high[i], x);
            magnitude[i] = L::max_i32(magnitude[i], L::bits(L::abs(x)));
        }
    };
    blocks.iter().for_each(&mut take);
    let mut last = [0.0; 16];
    last[..tail.len()].copy_from_slice(tail);
    take(&last);

    // The bits of magnitudes, read as integers, have the order of the magnitudes, and NaNs come last.
    let magnitude = magnitude.into_iter().reduce(L::max_i32).map_or(0, L::largest_i32);
    if magnitude >= f32::INFINITY.to_bits() as i32 {
        return (f32::NAN, f32::NAN);
    }
    let low = low.into_iter().reduce(L::min).map_or(0.0, |low| -L::largest(zero - low));
    let high = high.into_iter().reduce(L::max).map_or(0.0, L::largest);
    (low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::lanes::scalar::Scalar;
    use crate::kernels::testing::{test, *};

    /// A literal transcription of the ONNX standard.
    fn dynamic_quantize_linear(row: &[f32]) -> (Vec<u8>, f32, u8) {
        let low = row.iter().copied().fold(0.0, f32::min);
        let high = row.iter().copied().fold(0.0, f32::max);
        let scale = (high - low) / 255.0;
        let saturate = |x: f32| x.clamp(0.0, 255.0);
        let zero_point = saturate((-low / scale).round_ties_even());
        let quantize = |x: &f32| saturate((x / scale).round_ties_even() + zero_point) as u8;
        (row.iter().map(quantize).collect(), scale, zero_point as u8)
    }

    fn quantize(row: &[f32], padding: usize) -> (Vec<i8>, RowScale) {
        let mut quantized = vec![99; row.len() + padding];
        let scale = quantize_row_i8(row, &mut quantized);
        (quantized, scale)
    }

    #[test]
    fn halves_go_to_the_even_side() {
        let row = [-128.0, 127.0, 0.5, 1.5, 2.5, -0.5, -1.5];
        let (quantized, scale) = quantize(&row, 1);
        assert_eq!(quantized, [-128, 127, 0, 2, 2, 0, -2, 0]);
        assert_eq!(scale, RowScale { scale: 1.0, zero_point: 0, sum: 1 });
    }

    #[test]
    fn rows_without_a_scale_are_zeros() {
        let zeros = |scale| (vec![0; 20], RowScale { scale, zero_point: 0, sum: 0 });
        assert_eq!(quantize(&[0.0; 17], 3), zeros(0.0));
        assert_eq!(quantize(&[1e-45; 17], 3), zeros(0.0));
        assert_eq!(quantize(&[], 20), zeros(0.0));
        for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for index in [0, 5, 16] {
                let mut row = [1.0; 17];
                row[index] = value;
                assert_eq!(quantize(&row, 3), zeros(f32::NAN));
            }
        }
        assert_eq!(quantize(&[[f32::MAX; 17], [f32::MIN; 17]].concat()[8..25], 3), zeros(f32::NAN));
    }

    #[test]
    fn rows_of_one_sign_keep_zero() {
        assert_eq!(quantize(&[2.0, 1.0], 0).1.zero_point, -128);
        let scale = RowScale { scale: 1.0, zero_point: 127, sum: -2 };
        assert_eq!(quantize(&[-255.0, -1.0], 0), (vec![-128, 126], scale));
    }

    proptest! {
        #[test]
        fn is_what_the_standard_says(row in floats(1..70), padding in 0usize..20) {
            let (quantized, scale) = quantize(&row, padding);
            if scale.scale > 0.0 {
                let (expected, expected_scale, zero_point) = dynamic_quantize_linear(&row);
                let expected: Vec<i8> = expected.iter().map(|&q| (i32::from(q) - 128) as i8).collect();
                let sum = expected.iter().map(|&q| i32::from(q)).sum();
                prop_assert_eq!(&quantized[..row.len()], &expected);
                prop_assert_eq!(scale, RowScale { scale: expected_scale, zero_point: i32::from(zero_point) - 128, sum });
            }
            prop_assert!(quantized[row.len()..].iter().all(|&q| q == 0));
        }

        #[test]
        fn is_the_same_as_the_reference(row in floats(0..70), padding in 0usize..20) {
            let (actual, scale) = quantize(&row, padding);
            let mut expected = vec![99; actual.len()];
            prop_assert_eq!(scale, quantize_row::<Scalar>(&row, &mut expected));
            prop_assert_eq!(&actual, &expected);
        }
    }
}
