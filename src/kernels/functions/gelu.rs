//! The activation functions of BERT and related models.

use super::exp::Exp;
use crate::kernels::lanes::{Fastest, Lanes};

/// p with ½·erfc(a/√2) ≈ ½/p(a)⁸, lowest power first.
const POLYNOMIAL: [f32; 9] = [
    1.0,
    0.099_732_5,
    0.044_788_79,
    0.008_591_665,
    0.000_980_613_2,
    0.000_111_389_71,
    0.000_097_565_39,
    -0.000_016_743_493,
    0.000_002_932_164,
];

/// From here on ½·erfc(a/√2) is below every precision; the limit keeps p⁸ finite.
const LIMIT: f32 = 16.0;

/// GELU(x) = x·Φ(x) = ½x·(1 + erf(x/√2)) of every element, in place (Hendrycks and Gimpel, *Gaussian Error Linear
/// Units*, 2016; the exact form, without tanh). The absolute error is at most 3·10⁻⁷ plus half a unit in the last place
/// of the result. +∞ stays +∞, −∞ gives 0 within that error, a NaN stays NaN.
///
/// It is computed as max(x, 0) − |x|·½erfc(|x|/√2). The second term never exceeds 0.17, so the error does not grow with
/// x. The approximation has Hastings' form (Abramowitz and Stegun, 7.1.28). Remez' algorithm fitted its coefficients for
/// this crate on 0 ≤ |x| ≤ 6. They minimise the error of the second term, which is 4.8·10⁻⁸ before rounding.
pub fn gelu(values: &mut [f32]) {
    for block in values.chunks_mut(1024) {
        gelu_block::<Fastest>(block);
    }
}

#[inline(never)]
fn gelu_block<L: Lanes>(values: &mut [f32]) {
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8] = POLYNOMIAL.map(L::constant);
    let (zero, half, limit) = (L::constant(0.0), L::constant(0.5), L::constant(LIMIT));
    let gelu = |x: L::F32| {
        let a = L::min(L::abs(x), limit);
        let a2 = a * a;
        let a4 = a2 * a2;
        let p = ((c0 + c1 * a) + a2 * (c2 + c3 * a)) + a4 * ((c4 + c5 * a) + a2 * (c6 + c7 * a) + a4 * c8);
        let p2 = p * p;
        let p4 = p2 * p2;
        L::max(x, zero) - (a * half) / (p4 * p4)
    };
    let (vectors, tail) = values.as_chunks_mut::<4>();
    for vector in vectors {
        L::store(gelu(L::load(vector)), vector);
    }
    if !tail.is_empty() {
        L::store_partial(gelu(L::load_partial(tail, 0.0)), tail);
    }
}

/// √(2/π), and the factor of x³.
const TANH_FORM: [f32; 2] = [0.797_884_6, 0.044_715];

/// GELU's approximation ½x·(1 + tanh(u)) with u = √(2/π)·(x + 0.044715·x³), of every element, in place (Hendrycks and
/// Gimpel, 2016; ALBERT's `gelu_new`). The absolute error is at most 3·10⁻⁷ plus a unit in the last place of the result.
/// ±∞ give ∞ and 0 within that error, a NaN stays NaN.
///
/// It is computed as max(x, 0) − |x|·e/(1 + e) with e = exp(−2|u|), which is the same.
pub fn gelu_tanh(values: &mut [f32]) {
    for block in values.chunks_mut(1024) {
        gelu_tanh_block::<Fastest>(block);
    }
}

#[inline(never)]
fn gelu_tanh_block<L: Lanes>(values: &mut [f32]) {
    let exp = Exp::<L>::new();
    let [factor, cubic] = TANH_FORM.map(L::constant);
    let (zero, one, limit, minus_two) = (L::constant(0.0), L::constant(1.0), L::constant(LIMIT), L::constant(-2.0));
    let gelu = |x: L::F32| {
        let a = L::min(L::abs(x), limit);
        let e = exp.of_nonpositive(minus_two * (factor * (a + cubic * (a * a * a))));
        L::max(x, zero) - (a * e) / (one + e)
    };
    let (vectors, tail) = values.as_chunks_mut::<4>();
    for vector in vectors {
        L::store(gelu(L::load(vector)), vector);
    }
    if !tail.is_empty() {
        L::store_partial(gelu(L::load_partial(tail, 0.0)), tail);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::lanes::scalar::Scalar;
    use crate::kernels::testing::{test, *};

    /// The series erf(z) = 2/√π·e^(−z²)·Σ 2ⁿ·z²ⁿ⁺¹/(2n+1)!!, a sum of terms of one sign.
    fn erf(z: f64) -> f64 {
        let mut term = z;
        let mut sum = z;
        for n in 1..400 {
            term *= 2.0 * z * z / f64::from(2 * n + 1);
            sum += term;
        }
        core::f64::consts::FRAC_2_SQRT_PI * (-z * z).exp() * sum
    }

    #[test]
    fn is_near_the_exact_function() {
        let mut values: Vec<f32> = (-80_000..80_000).map(|i| i as f32 / 10_000.0).collect();
        let exact: Vec<f64> =
            values.iter().map(|&x| f64::from(x)).map(|x| 0.5 * x * (1.0 + erf(x / 2f64.sqrt()))).collect();
        gelu(&mut values);
        let worst = values
            .iter()
            .zip(&exact)
            .map(|(&a, b)| ((f64::from(a) - b).abs() - f64::from(f32::EPSILON) / 2.0 * b.abs()).max(0.0));
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= 3e-7, "{worst}");
    }

    #[test]
    fn the_form_with_tanh_is_near_its_definition() {
        let mut values: Vec<f32> = (-80_000..80_000).map(|i| i as f32 / 10_000.0).collect();
        let [factor, cubic] = [(2.0 / core::f64::consts::PI).sqrt(), 0.044_715];
        let exact = |x: f64| 0.5 * x * (1.0 + (factor * (x + cubic * x * x * x)).tanh());
        let exact: Vec<f64> = values.iter().map(|&x| exact(f64::from(x))).collect();
        gelu_tanh(&mut values);
        let worst = values
            .iter()
            .zip(&exact)
            .map(|(&a, b)| (f64::from(a) - b).abs() - f64::from(f32::EPSILON) * b.abs())
            .fold(0.0, f64::max);
        assert!(worst <= 3e-7, "{worst}");
    }

    #[test]
    fn extremes() {
        for function in [gelu, gelu_tanh] {
            let mut values = [f32::INFINITY, 1e30, 0.0, -1e30, f32::NEG_INFINITY, f32::NAN, 1e-40];
            function(&mut values);
            assert_eq!(values[..3], [f32::INFINITY, 1e30, 0.0]);
            assert!(values[3..5].iter().all(|value| (-1e-20..=0.0).contains(value)), "{values:?}");
            assert!(values[5].is_nan());
            assert_eq!(values[6], 5e-41);
        }
    }

    proptest! {
        #[test]
        fn is_the_same_as_the_reference(values in floats(0..70)) {
            type Function = fn(&mut [f32]);
            let forms: [[Function; 2]; 2] = [[gelu, gelu_block::<Scalar>], [gelu_tanh, gelu_tanh_block::<Scalar>]];
            for [function, reference] in forms {
                let (mut actual, mut expected) = (values.clone(), values.clone());
                function(&mut actual);
                reference(&mut expected);
                assert_same(&actual, &expected);
            }
        }
    }
}
