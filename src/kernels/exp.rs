//! The exponential function, for arguments that are not positive.

use super::Lanes;
use super::lanes::ROUNDING;

/// ln 2⁻¹²⁶: below it the result would be subnormal.
const SMALLEST: f32 = -87.336_54;
/// ln 2 in two parts; the first has so few bits that its product with any exponent is exact (Cody and Waite, *Software
/// Manual for the Elementary Functions*, 1980).
const LN_2: [f32; 2] = [0.693_359_38, -2.121_944_4e-4];
/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, lowest power first: fitted for this crate by Remez' algorithm, weighted so that the
/// relative error of eʳ is least; it is 3.1·10⁻⁹.
const POLYNOMIAL: [f32; 5] = [0.499_999_93, 0.166_665_2, 0.041_668_39, 0.008_368_745, 0.001_381_454];

/// eˣ with an error of at most 1.5 units in the last place, for x ≤ 0: 2ⁿ·eʳ with n the integer nearest to x/ln 2 and a
/// polynomial for eʳ. Results that would be subnormal are 0, so is that of −∞; 0 gives exactly 1, a NaN gives a NaN.
/// Positive x up to 88 work too, larger ones give nothing of use.
#[inline(always)]
pub(super) fn exp_nonpositive<L: Lanes>(x: L::F32) -> L::F32 {
    // With the exponent's bias in the rounding constant, the low bits are those that 2ⁿ holds in its exponent field.
    let rounding = L::splat(ROUNDING + 127.0);
    let biased = x * L::splat(core::f32::consts::LOG2_E) + rounding;
    let power = L::from_bits(L::shift_left::<23>(L::bits(biased)));
    let n = biased - rounding;
    let r = (x - n * L::splat(LN_2[0])) - n * L::splat(LN_2[1]);
    let [c2, c3, c4, c5, c6] = POLYNOMIAL.map(L::splat);
    let r2 = r * r;
    let tail = (c2 + c3 * r) + r2 * ((c4 + c5 * r) + r2 * c6);
    let mantissa = L::splat(1.0) + (r + r2 * tail);
    L::zero_where_less(x, L::splat(SMALLEST), mantissa * power)
}
