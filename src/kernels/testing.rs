//! Helpers of the kernels' tests. On WebAssembly, the only target with SIMD, these run in Node:
//! `scripts/test-kernels.sh`.

#[cfg(not(target_arch = "wasm32"))]
pub use core::prelude::v1::test;
use proptest::collection::vec;
use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
pub use wasm_bindgen_test::wasm_bindgen_test as test;

/// Panics unless both hold the same bits, or NaNs, at each place.
pub fn assert_same(actual: &[f32], expected: &[f32]) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{a:?} is not {b:?} at {i}");
    }
}

/// Typical activations, and now and then extreme ones.
pub fn float() -> impl Strategy<Value = f32> {
    prop_oneof![
        40 => -6f32..6.0,
        4 => prop::num::f32::ANY,
        4 => prop::num::f32::SUBNORMAL,
        4 => Just(0.0),
        1 => prop::sample::select(vec![-0.0, f32::MIN, f32::MAX, 1e-20, -1e-20, 1e20, 100.0, -3e4]),
    ]
}

/// Mostly finite; one list in eight has an infinity or a NaN, which `ANY` leaves out.
pub fn floats(length: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<f32>> {
    let special = prop::sample::select(vec![f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN]);
    (vec(float(), length), prop::option::weighted(0.125, (special, any::<prop::sample::Index>()))).prop_map(
        |(mut values, special)| {
            if let (Some((special, index)), false) = (special, values.is_empty()) {
                let index = index.index(values.len());
                values[index] = special;
            }
            values
        },
    )
}

/// Nearly normally distributed; the same on every machine.
pub fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
}

/// FNV-1a over the bits.
pub fn hash(values: &[f32]) -> u64 {
    values
        .iter()
        .flat_map(|value| value.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
