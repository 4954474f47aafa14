//! The exponential function, for arguments that are not positive.

use crate::kernels::lanes::{Lanes, ROUNDING};

/// ln 2⁻¹²⁶; the exponential of less would be subnormal.
const SMALLEST: f32 = -87.336_54;
/// ln 2 in two parts. The first has so few bits that its product with any exponent is exact (Cody and Waite, *Software
/// Manual for the Elementary Functions*, 1980).
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];
/// (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, lowest power first. Fitted for this crate by Remez' algorithm with weights that
/// minimise the relative error of eʳ, which is 3.1·10⁻⁹.
const POLYNOMIAL: [f32; 5] = [0.499_999_93, 0.166_665_2, 0.041_668_39, 0.008_368_745, 0.001_381_454];

/// The exponential function with its constants in registers, made once for a loop.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Exp<L: Lanes> {
    log2_e: L::F32,
    rounding: L::F32,
    ln_2: [L::F32; 2],
    polynomial: [L::F32; 5],
    one: L::F32,
    smallest: L::F32,
}

impl<L: Lanes> Exp<L> {
    #[inline(always)]
    pub fn new() -> Self {
        Self {
            log2_e: L::constant(core::f32::consts::LOG2_E),
            // The sum has the exponent's bias in it, so its low bits are the exponent field of 2ⁿ.
            rounding: L::constant(ROUNDING + 127.0),
            ln_2: LN_2.map(L::constant),
            polynomial: POLYNOMIAL.map(L::constant),
            one: L::constant(1.0),
            smallest: L::constant(SMALLEST),
        }
    }

    /// eˣ for x ≤ 0, with an error of at most 1.5 units in the last place. The method computes 2ⁿ·eʳ, with n the
    /// integer nearest to x/ln 2 and a polynomial for eʳ. 0 gives exactly 1, a NaN gives a NaN, −∞ gives 0. A result
    /// that would be subnormal is 0. Positive x are valid up to 88.
    #[inline(always)]
    pub fn of_nonpositive(&self, x: L::F32) -> L::F32 {
        let biased = x * self.log2_e + self.rounding;
        let power = L::from_bits(L::shift_left::<23>(L::bits(biased)));
        let n = biased - self.rounding;
        let r = (x - n * self.ln_2[0]) - n * self.ln_2[1];
        let [c2, c3, c4, c5, c6] = self.polynomial;
        let r2 = r * r;
        let tail = (c2 + c3 * r) + r2 * ((c4 + c5 * r) + r2 * c6);
        let mantissa = self.one + (r + r2 * tail);
        L::zero_where_less(x, self.smallest, mantissa * power)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Exp;
    use crate::kernels::lanes::scalar::Scalar;
    use crate::kernels::lanes::{Fastest, Lanes};
    use crate::kernels::testing::{test, *};

    fn exp<L: Lanes>(x: f32) -> f32 {
        L::to_array(Exp::<L>::new().of_nonpositive(L::splat(x)))[0]
    }

    #[test]
    fn is_within_one_and_a_half_units_in_the_last_place() {
        let mut worst = 0f64;
        for i in 0..4_000_000 {
            let x = -87.336_5 * (i as f32 / 4_000_000.0);
            let exact = f64::from(x).exp();
            let unit = f64::from(f32::from_bits((exact as f32).to_bits() & 0x7f80_0000)) * f64::from(f32::EPSILON);
            worst = worst.max((f64::from(exp::<Fastest>(x)) - exact).abs() / unit);
        }
        assert!(worst <= 1.5, "{worst}");
    }

    #[test]
    fn is_exact_at_the_ends() {
        for (x, expected) in [(0.0, 1.0), (-0.0, 1.0), (-87.34, 0.0), (-1e30, 0.0), (f32::NEG_INFINITY, 0.0)] {
            assert_same(&[exp::<Fastest>(x)], &[expected]);
        }
        assert!(exp::<Fastest>(f32::NAN).is_nan());
        assert!(exp::<Fastest>(f32::INFINITY).is_nan());
        assert!(exp::<Fastest>(-87.336_54) >= f32::MIN_POSITIVE);
    }

    proptest! {
        #[test]
        fn is_the_same_as_the_reference(x in prop_oneof![float(), -90f32..0.0]) {
            assert_same(&[exp::<Fastest>(x)], &[exp::<Scalar>(x)]);
        }
    }
}
