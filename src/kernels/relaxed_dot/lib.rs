//! wasm relaxed SIMD: one instruction multiplies four pairs in each lane, exactly if the weights fit 7 bits.
//!
//! ARM, and x86 with VNNI, have one instruction that multiplies and adds. On other x86, V8 needs five instructions, and
//! one of them rebuilds a vector of ones. There the dot takes two steps, pairs to 16 bits and these to 32, which are
//! three instructions. Two products fit 16 bits, 2 × 128 × 127 < 2¹⁵, so both ways are exact.
//!
//! LLVM enables a WebAssembly feature for all functions of a codegen unit as soon as one of them has it. With relaxed
//! SIMD it compiles `f32x4_pmin` to `f32x4.relaxed_min`. There the processor chooses the result for a NaN or a zero. So
//! these functions are a crate, and none is generic: a caller would compile a generic one into its unit.

#![cfg(target_arch = "wasm32")]

use core::arch::wasm32::*;
use core::hint::black_box;

/// Rows of activations in one tile.
pub const TILE_ROWS: usize = 3;
/// Columns of one panel.
pub const PANEL_COLUMNS: usize = 12;
/// Rows of a panel that one lane multiplies at once.
pub const GROUP_ROWS: usize = 4;

/// Dot products of the rows of a tile with the columns of a panel.
pub type Dots = [[i32; PANEL_COLUMNS]; TILE_ROWS];

const GROUP_WEIGHTS: usize = PANEL_COLUMNS * GROUP_ROWS;
const VECTORS: usize = PANEL_COLUMNS / 4;

/// Dot products of `count` rows of activations, `stride` bytes apart, with the codes of a panel. The codes have seven
/// bits, or eight where the engine multiplies these exactly.
pub fn dot(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    dot_of::<false>(rows, stride, count, panel, dots);
}

/// [`dot`] in two steps, for codes of seven bits.
pub fn dot_in_two_steps(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    dot_of::<true>(rows, stride, count, panel, dots);
}

fn dot_of<const TWO_STEPS: bool>(rows: &[i8], stride: usize, count: usize, panel: &[u8], dots: &mut Dots) {
    match count {
        1 => dot_rows::<1, TWO_STEPS>(rows, stride, panel, dots),
        2 => dot_rows::<2, TWO_STEPS>(rows, stride, panel, dots),
        TILE_ROWS => dot_rows::<TILE_ROWS, TWO_STEPS>(rows, stride, panel, dots),
        _ => unreachable!("a tile has 1 to {TILE_ROWS} rows"),
    }
}

/// True if the processor sums pairs of products in 16 bits: x86 without VNNI. It reads the probe's second operand,
/// which has 8 bits, as 255, and the two products saturate.
pub fn pairs_saturate() -> bool {
    #[inline]
    #[target_feature(enable = "relaxed-simd")]
    fn probe() -> i32 {
        // `black_box` keeps the compiler from computing the result by its own definition of the instruction.
        let (activations, weights) = (i8x16_splat(black_box(i8::MAX)), i8x16_splat(black_box(-1)));
        i32x4_extract_lane::<0>(i32x4_relaxed_dot_i8x16_i7x16_add(activations, weights, i32x4_splat(0)))
    }
    probe() == 2 * i32::from(i16::MAX)
}

/// Compares the relaxed dot of activations and weights of 8 bits with the exact sums: for signed and for unsigned
/// weights.
pub fn multiplies_eight_bits() -> (bool, bool) {
    const EXTREMES: [u8; 8] = [0x80, 0x7f, 0xff, 0x81, 0x01, 0x00, 0xc0, 0x40];

    #[inline]
    #[target_feature(enable = "relaxed-simd")]
    fn probe(activations: &[u8; 16], weights: &[u8; 16]) -> [i32; 4] {
        let mut sums = [0; 4];
        // SAFETY: each pointer is that of 16 bytes.
        unsafe {
            let (activations, weights) = (activations.as_ptr().cast(), weights.as_ptr().cast());
            let (activations, weights) = (v128_load(black_box(activations)), v128_load(black_box(weights)));
            let dots = i32x4_relaxed_dot_i8x16_i7x16_add(activations, weights, i32x4_splat(0));
            v128_store(sums.as_mut_ptr().cast(), dots);
        }
        sums
    }

    let (mut signed, mut unsigned) = (true, true);
    // Each pair of extremes fills all lanes, so that sums of 16 bits would saturate; then the lanes differ.
    for (first, second, step) in (0..128).map(|case| (case % 8, case / 8 % 8, case / 64)) {
        let activations: [u8; 16] = core::array::from_fn(|byte| EXTREMES[(first + step * byte) % 8]);
        let weights: [u8; 16] = core::array::from_fn(|byte| EXTREMES[(second + 3 * step * byte) % 8]);
        let dots = probe(&activations, &weights);
        let sum = |lane: usize, weight: fn(u8) -> i32| -> i32 {
            (4 * lane..4 * lane + 4).map(|byte| i32::from(activations[byte] as i8) * weight(weights[byte])).sum()
        };
        signed &= (0..4).all(|lane| dots[lane] == sum(lane, |weight| i32::from(weight as i8)));
        unsigned &= (0..4).all(|lane| dots[lane] == sum(lane, i32::from));
    }
    (signed, unsigned)
}

#[inline(never)]
#[target_feature(enable = "relaxed-simd")]
fn dot_rows<const ROWS: usize, const TWO_STEPS: bool>(rows: &[i8], stride: usize, panel: &[u8], dots: &mut Dots) {
    let groups = panel.len() / GROUP_WEIGHTS;
    assert_eq!(panel.len(), groups * GROUP_WEIGHTS, "a panel holds whole groups");
    let length = groups * GROUP_ROWS;
    assert!(length <= stride && rows.len() >= length && (rows.len() - length) / stride.max(1) >= ROWS - 1);
    // `black_box` keeps the compiler from joining the two steps.
    let ones = i16x8_splat(black_box(1));
    let dot = |activations, weights, sum| {
        if TWO_STEPS {
            i32x4_add(sum, i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(activations, weights), ones))
        } else {
            i32x4_relaxed_dot_i8x16_i7x16_add(activations, weights, sum)
        }
    };
    let mut sums = [[i32x4_splat(0); VECTORS]; ROWS];
    let (mut rows, mut weights) = (rows.as_ptr(), panel.as_ptr());
    let end = panel.as_ptr_range().end;
    // A count of rounds would let the compiler unroll the loop until registers run out, so pointers advance instead.
    while weights < end {
        // SAFETY: round g reads 3 vectors of 16 codes from 48 × g inside the panel. It reads 4 activations from row ×
        // stride + 4 × g inside `rows`, as asserted. After the last round the pointers are at most at the end.
        unsafe {
            let vectors: [v128; VECTORS] = core::array::from_fn(|vector| v128_load(weights.add(16 * vector).cast()));
            for (row, sums) in sums.iter_mut().enumerate() {
                let activations = v128_load32_splat(rows.add(row * stride).cast());
                for (sum, weights) in sums.iter_mut().zip(vectors) {
                    *sum = dot(activations, weights, *sum);
                }
            }
            (rows, weights) = (rows.add(GROUP_ROWS), weights.add(GROUP_WEIGHTS));
        }
    }
    for (sums, dots) in sums.iter().zip(dots) {
        for (sum, dots) in sums.iter().zip(dots.chunks_exact_mut(4)) {
            // SAFETY: the chunk is 4 numbers, 16 bytes.
            unsafe { v128_store(dots.as_mut_ptr().cast(), *sum) };
        }
    }
}
