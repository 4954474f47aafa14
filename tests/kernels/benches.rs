//! Micro-benchmarks, run by hand: `scripts/test-kernels.sh --release -- --include-ignored --nocapture benches`.

use crate::kernels::attention::{
    AttentionScratch, Disentangled, Inputs, PositionScores, PositionTable, Rows, attention,
};
use crate::kernels::functions::gelu::gelu;
use crate::kernels::functions::layer_norm::{LayerNorm, layer_norm};
use crate::kernels::linear::quantize::quantize_row_i8;
use crate::kernels::linear::{Linear, LinearScratch, Packer, QuantizedRows};
use core::hint::black_box;
use std::sync::Arc;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
mod clock {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance, js_name = now)]
        pub fn milliseconds() -> f64;
    }
}
#[cfg(target_arch = "wasm32")]
use clock::milliseconds;
#[cfg(not(target_arch = "wasm32"))]
fn milliseconds() -> f64 {
    use std::{sync::LazyLock, time::Instant};
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64() * 1e3
}

#[cfg(target_arch = "wasm32")]
macro_rules! report { ($($t:tt)*) => { wasm_bindgen_test::console_log!($($t)*) } }
#[cfg(not(target_arch = "wasm32"))]
macro_rules! report { ($($t:tt)*) => { println!($($t)*) } }

/// Returns the nanoseconds of a call: the least of many, since other processes only add to it.
fn time(mut f: impl FnMut()) -> f64 {
    let start = milliseconds();
    let mut least = f64::INFINITY;
    while milliseconds() < start + 1000.0 {
        let start = milliseconds();
        let mut calls = 0;
        while milliseconds() < start + 1.5 {
            f();
            calls += 1;
        }
        least = least.min((milliseconds() - start) / f64::from(calls));
    }
    least * 1e6
}

/// Returns uniform numbers in -scale..scale.
fn random(count: usize, scale: f32) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next() * scale).collect()
}

#[test]
#[ignore = "a benchmark"]
fn elementwise() {
    let (rows, hidden) = (128, 768);
    let x = random(rows * hidden, 4.0);
    let count = x.len() as f64;
    let mut output = x.clone();

    let copy = time(|| black_box(&mut output).copy_from_slice(black_box(&x)));
    let t = time(|| {
        output.copy_from_slice(&x);
        gelu(black_box(&mut output));
    }) - copy;
    report!("gelu        {:.3} ns per element", t / count);
    let parameters = LayerNorm { gamma: &x[..hidden], beta: &x[hidden..2 * hidden], epsilon: 1e-5, centred: true };
    let t = time(|| layer_norm(black_box(&x), Some(&x), parameters, black_box(&mut output)));
    report!("layer_norm  {:.3} ns per element", t / count);
    let mut q = vec![0; hidden];
    let t = time(|| {
        for row in black_box(&x).chunks_exact(hidden) {
            black_box(quantize_row_i8(row, &mut q));
        }
    });
    report!("quantize i8 {:.3} ns per element", t / count);
}

/// `largest` is the largest weight. Above 64 the weights exceed seven-bit codes.
fn linear_of(inputs: usize, outputs: usize, largest: f32) {
    let rows = 128;
    let mut packer = Packer::new(inputs, outputs).unwrap();
    packer.push(&random(inputs * outputs, largest).iter().map(|&x| x as i8 as u8).collect::<Vec<_>>());
    let layer = Linear::new(Arc::new(packer.finish()), &[0.01], &vec![0.5; outputs]);
    let mut codes = vec![0; rows * inputs];
    let scales: Vec<_> = random(rows * inputs, 2.0)
        .chunks(inputs)
        .zip(codes.chunks_mut(inputs))
        .map(|(row, codes)| quantize_row_i8(row, codes))
        .collect();
    let (mut scratch, mut output) = (LinearScratch::default(), vec![0.0; rows * outputs]);
    let input = QuantizedRows { codes: &codes, rows: &scales };
    let mut output: Vec<_> = output.chunks_mut(outputs).collect();
    let t = time(|| layer.apply(black_box(input), &mut scratch, black_box(&mut output)));
    let products = (rows * inputs * outputs) as f64;
    report!("linear {rows} × {inputs} × {outputs}, weights to {largest}: {:.1} GMAC/s", products / t);
}

#[test]
#[ignore = "a benchmark"]
fn linear_layers() {
    for (inputs, outputs) in [(768, 768), (768, 3072), (3072, 768)] {
        linear_of(inputs, outputs, 60.0);
        linear_of(inputs, outputs, 120.0);
    }
}

#[test]
#[ignore = "a benchmark"]
fn attention_of_twelve_heads() {
    for (length, head_size) in [(128, 32), (512, 32), (128, 64), (512, 64)] {
        let heads = 12;
        let hidden = heads * head_size;
        let x = random(length * 3 * hidden, 2.0);
        let rows = |i: usize| Rows { values: &x[i * hidden..], count: length, stride: 3 * hidden };
        let plain = Inputs {
            queries: rows(0),
            keys: rows(1),
            values: rows(2),
            mask: None,
            bias: None,
            disentangled: None,
            window: None,
            heads,
            head_size,
            scale: 0.125,
        };
        let table = PositionTable::new(&random(512 * hidden, 2.0), heads, 512, head_size);
        let position = |distance: usize| (256 + length).saturating_sub(distance).min(511) as u32;
        let positions: Vec<u32> = (0..2 * length - 1).map(position).collect();
        let side = Some(PositionScores { table: &table, rows: &positions, scale: 0.1 });
        let disentangled = Some(Disentangled { of_queries: side, of_keys: side, ..Disentangled::default() });
        let mut context = vec![0.0; length * hidden];
        let mut scratch = AttentionScratch::default();
        for (name, inputs) in [("attention", plain), ("disentangled attention", Inputs { disentangled, ..plain })] {
            let t = time(|| attention(black_box(&inputs), &mut scratch, black_box(&mut context), hidden));
            let products = 2 * length * length * hidden;
            report!("{name} {length} × {head_size}: {:.2} ms, {:.1} GMAC/s", t / 1e6, products as f64 / t);
        }
    }
}
