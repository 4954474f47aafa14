//! Rounding of a matrix from seven to four bits a weight, with tables of 16 levels.
//!
//! The levels of a table are exact k-means in one dimension, found by dynamic programming. Lloyd's algorithm matches
//! tables and blocks. At first, the largest magnitude of a block picks its table, and each table gets the best 16
//! levels for its weights. Then each block takes the best table, and each table gets new levels, a few times over. All
//! sums are in integers.

use super::gptq::Gptq;
use super::nearest::transposed;
use crate::kernels::linear::panels::{BLOCK_ROWS, CodeTable};
use crate::kernels::linear::{PackedMatrix, pack_four_bits};

/// Number of tables, one for each magnitude of a seven-bit weight.
const TABLES: usize = 64;
const ROUNDS: usize = 3;
/// Added to a weight for its place in a histogram, which covers -64 to 64.
const SHIFT: i32 = 64;
const VALUES: usize = 129;
/// The level 64 would have the code 128, which needs 8 bits.
const LARGEST_LEVEL: i32 = 63;
const LEVELS: usize = 16;

type Levels = [i32; LEVELS];

/// Rounds a matrix to four bits. With `gptq` it minimises the error of the outputs, otherwise that of the weights.
/// Returns `None` without memory.
///
/// # Panics
/// If a weight is outside -64..=64.
pub fn four_bits(matrix: &PackedMatrix, gptq: Option<&Gptq>) -> Option<PackedMatrix> {
    let (rows, columns) = (matrix.rows(), matrix.columns());
    // Column by column, so that a block is a slice.
    let weights: Vec<i32> =
        transposed(&matrix.unpack(), columns).into_iter().map(|byte| i32::from(byte as i8)).collect();
    assert!(weights.iter().all(|weight| (-SHIFT..=SHIFT).contains(weight)), "weights of seven bits");
    let blocks: Vec<&[i32]> = weights.chunks_exact(rows).flat_map(|column| column.chunks(BLOCK_ROWS)).collect();
    let largest = |block: &&[i32]| block.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0).clamp(1, 64);
    let mut numbers: Vec<usize> = blocks.iter().map(|block| largest(block) as usize - 1).collect();
    let mut tables = [Levels::default(); TABLES];
    for _ in 0..ROUNDS {
        improve(&mut tables, &blocks, &numbers);
        let errors = tables.map(|levels| errors(&levels));
        for (block, number) in blocks.iter().zip(&mut numbers) {
            let error = |errors: &[u32; VALUES]| -> u32 { block.iter().map(|&it| errors[(it + SHIFT) as usize]).sum() };
            *number = (0..TABLES).min_by_key(|&table| error(&errors[table])).unwrap_or(0);
        }
    }
    improve(&mut tables, &blocks, &numbers);

    let nearest = tables.map(|levels| nearest(&levels));
    let in_column = rows.div_ceil(BLOCK_ROWS);
    let mut places = vec![0; rows * columns];
    let mut numbers_of_rows = vec![0; in_column * columns];
    for (index, (block, &number)) in blocks.iter().zip(&numbers).enumerate() {
        let (column, first) = (index / in_column, index % in_column * BLOCK_ROWS);
        numbers_of_rows[index % in_column * columns + column] = number as u8;
        for (row, &weight) in (first..).zip(*block) {
            places[row * columns + column] = nearest[number][(weight + SHIFT) as usize];
        }
    }
    if let Some(gptq) = gptq {
        let by_rows: Vec<f32> = matrix.unpack().into_iter().map(|byte| f32::from(byte as i8)).collect();
        gptq.round(&by_rows, columns, &mut |row, values, rounded| {
            let numbers = &numbers_of_rows[row / BLOCK_ROWS * columns..][..columns];
            let places = &mut places[row * columns..][..columns];
            for (((value, rounded), number), place) in values.iter().zip(rounded).zip(numbers).zip(places) {
                let levels = &tables[usize::from(*number)];
                // After rounding to the nearest integer, a look-up suffices.
                let integer = value.round_ties_even().clamp(-SHIFT as f32, SHIFT as f32) as i32;
                *place = nearest[usize::from(*number)][(integer + SHIFT) as usize];
                *rounded = levels[usize::from(*place)] as f32;
            }
        });
    }
    let tables: Vec<CodeTable> = tables.iter().map(|levels| levels.map(|level| (level + 64) as u8)).collect();
    pack_four_bits(rows, columns, &tables, &places, &numbers_of_rows)
}

/// Gives each used table the best levels for its blocks.
fn improve(tables: &mut [Levels; TABLES], blocks: &[&[i32]], numbers: &[usize]) {
    let mut histograms = [[0u64; VALUES]; TABLES];
    for (block, &number) in blocks.iter().zip(numbers) {
        block.iter().for_each(|&weight| histograms[number][(weight + SHIFT) as usize] += 1);
    }
    for (levels, histogram) in tables.iter_mut().zip(&histograms) {
        if histogram.iter().any(|&count| count > 0) {
            *levels = best_levels(histogram);
        }
    }
}

/// Finds the 16 levels with the least squared distance to all values, by dynamic programming over the ranges of levels.
fn best_levels(histogram: &[u64; VALUES]) -> Levels {
    let values: Vec<(i64, i64)> = (-i64::from(SHIFT)..)
        .zip(histogram)
        .filter(|&(_, &count)| count > 0)
        .map(|(value, &count)| (value, count as i64))
        .collect();
    // Sums over the first values of count, count · value and count · value².
    let mut sums = vec![(0, 0, 0)];
    for &(value, count) in &values {
        let (counts, firsts, seconds) = sums[sums.len() - 1];
        sums.push((counts + count, firsts + count * value, seconds + count * value * value));
    }
    let served = |start: usize, end: usize| {
        let ((count0, first0, second0), (count1, first1, second1)) = (sums[start], sums[end]);
        let (count, first, second) = (count1 - count0, first1 - first0, second1 - second0);
        // Round to the nearest integer, halves up.
        let level = (2 * first + count).div_euclid(2 * count).min(i64::from(LARGEST_LEVEL));
        (second - 2 * level * first + level * level * count, level)
    };
    let costs: Vec<Vec<(i64, i64)>> =
        (0..values.len()).map(|start| (start + 1..=values.len()).map(|end| served(start, end)).collect()).collect();
    let count = values.len();
    // For a number of levels and the first `end` values: the least cost, and the first value of the last level.
    let mut best = vec![vec![(i64::MAX, 0); count + 1]; LEVELS + 1];
    best[0][0] = (0, 0);
    for levels in 1..=LEVELS {
        for end in 0..=count {
            // A level may stay unused.
            let mut least = (best[levels - 1][end].0, end);
            for start in 0..end {
                let before = best[levels - 1][start].0;
                if before < i64::MAX {
                    least = least.min((before + costs[start][end - start - 1].0, start));
                }
            }
            best[levels][end] = least;
        }
    }
    let mut levels = Levels::default();
    let mut end = count;
    for used in (1..=LEVELS).rev() {
        let start = best[used][end].1;
        levels[used - 1] = if start < end { costs[start][end - start - 1].1 as i32 } else { 0 };
        end = start;
    }
    levels.sort_unstable();
    levels
}

/// Returns the squared distance of each value to the nearest level.
fn errors(levels: &Levels) -> [u32; VALUES] {
    std::array::from_fn(|index| {
        let distance = |level: &i32| (index as i32 - SHIFT - level).unsigned_abs();
        levels.iter().map(distance).min().map_or(0, |distance| distance * distance)
    })
}

/// Returns the place of the nearest level to each value, the first among equals.
fn nearest(levels: &Levels) -> [u8; VALUES] {
    std::array::from_fn(|index| {
        let distance = |&place: &usize| (index as i32 - SHIFT - levels[place]).unsigned_abs();
        (0..LEVELS).min_by_key(distance).unwrap_or(0) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::linear::Packer;

    fn packed(rows: usize, columns: usize, weight: impl Fn(usize) -> i32) -> PackedMatrix {
        let mut packer = Packer::new(rows, columns).unwrap();
        packer.push(&(0..rows * columns).map(|index| weight(index) as u8).collect::<Vec<_>>());
        packer.finish()
    }

    fn squared_error(one: &PackedMatrix, other: &PackedMatrix) -> f64 {
        let pairs = one.unpack().into_iter().zip(other.unpack());
        pairs.map(|(one, other)| (f64::from(one as i8) - f64::from(other as i8)).powi(2)).sum()
    }

    /// Returns approximately normal numbers.
    fn bell(index: usize, width: i32) -> i32 {
        let mut state = index as u32 ^ 0x5bd1_e995;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i32 % (2 * width + 1) - width
        };
        ((0..12).map(|_| uniform()).sum::<i32>() / 4).clamp(-64, 64)
    }

    #[test]
    fn sixteen_values_are_kept_as_they_are() {
        for (rows, columns) in [(1, 1), (40, 7), (64, 12)] {
            let matrix = packed(rows, columns, |index| (index * 11 % 16) as i32 * 8 - 64);
            assert_eq!(four_bits(&matrix, None).unwrap().unpack(), matrix.unpack());
        }
    }

    #[test]
    fn errors_are_a_good_deal_smaller_than_those_of_evenly_spaced_levels() {
        let (rows, columns) = (256, 48);
        let matrix = packed(rows, columns, |index| bell(index, 20 + (index % columns) as i32));
        let even = |index: usize| {
            let (row, column) = (index / columns, index % columns);
            let start = row / BLOCK_ROWS * BLOCK_ROWS;
            let block = (start..start + BLOCK_ROWS).map(|row| matrix.weight(row, column).abs());
            let step = f64::from(block.max().unwrap()) / 7.5;
            ((f64::from(matrix.weight(row, column)) / step).round().clamp(-8.0, 7.0) * step).round() as i32
        };
        let evenly = squared_error(&matrix, &packed(rows, columns, even));
        let ours = squared_error(&matrix, &four_bits(&matrix, None).unwrap());
        assert!(ours < 0.7 * evenly, "{ours} against {evenly}");
    }

    #[test]
    fn every_magnitude_is_within_the_codes() {
        let matrix = packed(33, 5, |index| if index % 3 == 0 { 64 } else { (index as i32 * 37) % 60 });
        let four_bit = four_bits(&matrix, None).unwrap();
        assert!(four_bit.unpack().iter().all(|&weight| (weight as i8) < 64));
        assert_eq!(four_bit, four_bits(&matrix, None).unwrap());
    }
}
