//! Products of four vectors with eight.

use super::pack::{BLOCK, Group, load_block};
use crate::kernels::lanes::Lanes;

/// The dot products of the four vectors of `group` with the eight of two others.
#[inline(always)]
fn multiply<L: Lanes>(group: &Group, [low, high]: [&Group; 2]) -> [[L::F32; 2]; 4] {
    let mut products = [[L::splat(0.0); 2]; 4];
    for ((group, low), high) in group.chunks(BLOCK / 2).zip(low.chunks(BLOCK / 2)).zip(high.chunks(BLOCK / 2)) {
        let mut sums = [[L::splat_i32(0); 2]; 4];
        for ((pairs, low), high) in group.iter().zip(low).zip(high) {
            let (low, high) = (L::load_i16(low), L::load_i16(high));
            let pairs = [
                L::splat_pair::<0>(pairs),
                L::splat_pair::<1>(pairs),
                L::splat_pair::<2>(pairs),
                L::splat_pair::<3>(pairs),
            ];
            for (sums, pair) in sums.iter_mut().zip(pairs) {
                sums[0] = sums[0] + L::dot(pair, low);
                sums[1] = sums[1] + L::dot(pair, high);
            }
        }
        for (products, sums) in products.iter_mut().zip(sums) {
            *products = [products[0] + L::convert(sums[0]), products[1] + L::convert(sums[1])];
        }
    }
    products
}

/// Writes scores of four queries against eight keys to `scores`, in rows that are `stride` apart.
#[inline(never)]
pub(super) fn score_tile<L: Lanes>(
    queries: &Group,
    keys: &Group,
    query_ones: [f32; 4],
    key_ones: &[f32; 8],
    mask: &[f32; 8],
    scores: &mut [f32],
    stride: usize,
) {
    let products = multiply::<L>(queries, keys.split_at(keys.len() / 2).into());
    let (key_ones, mask) = (load_block::<L>(key_ones), load_block::<L>(mask));
    for (row, (products, one)) in products.into_iter().zip(query_ones).enumerate() {
        let one = L::splat(one);
        let vectors = scores[row * stride..][..8].as_chunks_mut::<4>().0;
        for (half, (vector, products)) in vectors.iter_mut().zip(products).enumerate() {
            L::store(products * one * key_ones[half] + mask[half], vector);
        }
    }
}

/// Eight channels of the context of four queries.
#[inline(never)]
pub(super) fn context_tile<L: Lanes>(
    weights: &Group,
    values: [&Group; 2],
    weight_ones: [f32; 4],
    value_ones: &[f32; 8],
) -> [[f32; 8]; 4] {
    let products = multiply::<L>(weights, values);
    let value_ones = load_block::<L>(value_ones);
    let mut context = [[0.0; 8]; 4];
    for ((row, products), one) in context.iter_mut().zip(products).zip(weight_ones) {
        for (half, (vector, products)) in row.as_chunks_mut::<4>().0.iter_mut().zip(products).enumerate() {
            L::store(products * L::splat(one) * value_ones[half], vector);
        }
    }
    context
}
