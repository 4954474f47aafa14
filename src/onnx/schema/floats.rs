//! Floats of 16 and 32 bits.

use super::numbers::data_type::{BFLOAT16, FLOAT, FLOAT16};

/// Returns the bytes of a number, if numbers of this type are such floats.
pub fn bytes(data_type: i32) -> Option<usize> {
    match data_type {
        FLOAT => Some(4),
        FLOAT16 | BFLOAT16 => Some(2),
        _ => None,
    }
}

/// Returns the floats in raw data. Those of 16 bits keep their values. There are none of another type.
pub fn widened(raw: &[u8], data_type: i32) -> Vec<f32> {
    match half_widener(data_type) {
        Some(widen) => raw.as_chunks().0.iter().map(|&half| widen(u16::from_le_bytes(half))).collect(),
        None if data_type == FLOAT => raw.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect(),
        None => Vec::new(),
    }
}

/// Returns the function from the bits of a float of 16 bits to its value; `None` for another type.
pub fn half_widener(data_type: i32) -> Option<fn(u16) -> f32> {
    match data_type {
        FLOAT16 => Some(of_half),
        // The first half of a float of 32 bits.
        BFLOAT16 => Some(|half| f32::from_bits(u32::from(half) << 16)),
        _ => None,
    }
}

fn of_half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // 2⁻²⁴, the smallest number.
        0 => fraction as f32 * f32::from_bits(103 << 23),
        31 => f32::from_bits(0xff << 23 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::schema::numbers::data_type::INT8;

    #[test]
    fn each_half_keeps_its_value() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
            let magnitude = match exponent {
                0 => fraction * 2f64.powi(-14),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
            };
            let expected = (if bits >> 15 == 1 { -magnitude } else { magnitude }) as f32;
            let found = widened(&bits.to_le_bytes(), FLOAT16)[0];
            assert!(found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(), "{bits:#x}");
        }
    }

    #[test]
    fn other_floats_keep_their_values_and_integers_are_none() {
        let raw = [0x00, 0x00, 0x20, 0xc0];
        assert_eq!(widened(&raw, FLOAT), [-2.5]);
        assert_eq!(widened(&raw, BFLOAT16), [0.0, -2.5]);
        assert!(widened(&raw, INT8).is_empty());
    }
}
