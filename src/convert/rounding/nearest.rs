//! Rounding of floats to the nearest integers, with the scale of the least error.

/// Largest magnitude of a weight of seven and of eight bits. Only the number with the largest magnitude reaches it,
/// with one sign.
const MATRIX_LIMIT: f32 = 64.0;
const TABLE_LIMIT: f32 = 128.0;
/// Number of scales that are tried, from the one that clips nothing downwards.
const STEPS: usize = 24;
/// The smallest scale, as a part of the largest.
const LEAST: f32 = 0.6;

/// Returns integers in the form that a packer takes.
pub fn bytes(integers: &[i8]) -> Vec<u8> {
    integers.iter().map(|&integer| integer as u8).collect()
}

/// Turns rows into columns: the values come row after row and leave column after column.
pub fn transposed<Number: Copy>(values: &[Number], columns: usize) -> Vec<Number> {
    (0..columns).flat_map(|column| values[column..].iter().step_by(columns).copied()).collect()
}

/// Returns a scale for each column of `rows` numbers that clips none of them. It may be negative. `None` if a number is
/// not finite.
pub fn widest_scales(values: &[f32], rows: usize) -> Option<Vec<f32>> {
    values.chunks_exact(rows).map(|column| widest_scale(column, MATRIX_LIMIT)).collect()
}

/// Rounds a row of a matrix to integers in -64..=63, by the scale of each column.
pub fn nearest(values: &[f32], scales: &[f32]) -> Vec<i8> {
    values.iter().zip(scales).map(|(&value, &scale)| round(value, scale, MATRIX_LIMIT) as i8).collect()
}

/// Rounds a row to integers in -128..=127 and returns their scale. `None` if a number is not finite.
pub fn quantize_row(values: &[f32]) -> Option<(Vec<i8>, f32)> {
    quantize(values, TABLE_LIMIT)
}

fn quantize(values: &[f32], limit: f32) -> Option<(Vec<i8>, f32)> {
    let scale = best_scale(values, limit)?;
    Some((values.iter().map(|&value| round(value, scale, limit) as i8).collect(), scale))
}

fn round(value: f32, scale: f32, limit: f32) -> f32 {
    (value / scale).round_ties_even().clamp(-limit, limit - 1.0)
}

/// Returns the least scale that clips nothing; 1 for zeros. By it the number with the largest magnitude becomes -limit,
/// a value that only this sign has. It becomes less if a number of the other sign is about as large.
fn widest_scale(values: &[f32], limit: f32) -> Option<f32> {
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let (least, most) = values.iter().fold((0f32, 0f32), |(least, most), &value| (least.min(value), most.max(value)));
    let (largest, other) = if -least > most { (least, most) } else { (most, -least) };
    let widest = -largest / limit;
    let widest = if other > (limit - 0.5) * widest.abs() { widest.signum() * other / (limit - 0.75) } else { widest };
    // A range too small to divide counts as 0.
    Some(if widest.abs() < f32::MIN_POSITIVE { 1.0 } else { widest })
}

/// Returns the scale with the least sum of squared errors for integers in -limit..limit; 1 for zeros.
fn best_scale(values: &[f32], limit: f32) -> Option<f32> {
    let widest = widest_scale(values, limit)?;
    let mut best = (f64::INFINITY, widest);
    for step in 0..STEPS {
        let mut scale = widest * (1.0 - (1.0 - LEAST) * step as f32 / STEPS as f32);
        // The least-squares scale for the integers of this one.
        let (mut products, mut squares) = (0f64, 0f64);
        for &value in values {
            let integer = f64::from(round(value, scale, limit));
            products += integer * f64::from(value);
            squares += integer * integer;
        }
        if squares > 0.0 && products != 0.0 {
            scale = (products / squares) as f32;
        }
        let error = |&value: &f32| f64::from(value - round(value, scale, limit) * scale).powi(2);
        let error: f64 = values.iter().map(error).sum();
        if error < best.0 {
            best = (error, scale);
        }
    }
    Some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(values: &[f32], integers: &[i8], scale: f32) -> f32 {
        values.iter().zip(integers).map(|(value, &integer)| (value - f32::from(integer) * scale).powi(2)).sum()
    }

    #[test]
    fn numbers_on_a_grid_are_exact() {
        let values: Vec<f32> = (-64..=63).map(|integer| integer as f32 * 0.037).collect();
        let (integers, scale) = quantize(&values, MATRIX_LIMIT).unwrap();
        assert!(integers.iter().map(|&integer| i32::from(integer)).eq(-64..=63));
        assert!((scale - 0.037).abs() < 1e-6);
    }

    #[test]
    fn an_error_is_smaller_than_that_of_the_scale_that_clips_nothing() {
        let values: Vec<f32> = (0..500).map(|index| ((index * 37 % 101) as f32 - 50.0) * 0.01).chain([2.0]).collect();
        let (integers, scale) = quantize(&values, MATRIX_LIMIT).unwrap();
        let plain = 2.0 / MATRIX_LIMIT;
        let plainly: Vec<i8> = values.iter().map(|value| (value / plain).round_ties_even() as i8).collect();
        assert!(error(&values, &integers, scale) < error(&values, &plainly, plain));
    }

    #[test]
    fn zeros_have_a_scale_and_other_numbers_must_be_finite() {
        assert_eq!(quantize_row(&[0.0; 3]), Some((vec![0; 3], 1.0)));
        assert_eq!(quantize_row(&[1e-44, 0.0]), Some((vec![0; 2], 1.0)));
        assert_eq!(quantize_row(&[1.0, f32::NAN]), None);
        assert_eq!(widest_scales(&[1.0, f32::INFINITY], 1), None);
    }
}
