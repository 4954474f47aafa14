//! One hash of the bits of each kernel's results. Every build that runs these tests (native, WebAssembly, relaxed SIMD)
//! compares with the same constants, and so with every other build.

use std::sync::Arc;

use super::attention::{
    AttentionScratch, Bias, BiasRows, Disentangled, Inputs, LocalWindow, PositionScores, PositionTable, Rows, attention,
};
use super::float_linear::{FloatLinear, FloatScratch, Order};
use super::functions::gelu::{gelu, gelu_tanh};
use super::functions::layer_norm::{LayerNorm, layer_norm};
use super::functions::rotary::Rotation;
use super::linear::panels::Encoding;
use super::linear::quantize::{RowScale, quantize_row_i8};
use super::linear::{Linear, LinearScratch, Packer, QuantizedRows};
use super::testing::{test, *};

const ROWS: usize = 8;
const HIDDEN: usize = 130;

fn activations() -> Vec<f32> {
    random(ROWS * HIDDEN, 1)
}

fn quantized() -> (Vec<i8>, Vec<RowScale>) {
    let stride = HIDDEN.next_multiple_of(4);
    let mut codes = vec![0; ROWS * stride];
    let rows = activations()
        .chunks(HIDDEN)
        .zip(codes.chunks_mut(stride))
        .map(|(row, codes)| quantize_row_i8(row, codes))
        .collect();
    (codes, rows)
}

#[track_caller]
fn check(name: &str, values: &[f32], expected: u64) {
    let actual = hash(values);
    assert!(actual == expected, "{name}: {actual:#018x}, not {expected:#018x}");
}

#[test]
fn quantize_gives_the_same_bits() {
    let (codes, rows) = quantized();
    check("codes", &codes.iter().map(|&code| code.into()).collect::<Vec<f32>>(), 0x5eb9_661d_2049_23b2);
    let rows: Vec<f32> = rows.iter().flat_map(|row| [row.scale, row.zero_point as f32, row.sum as f32]).collect();
    check("scales", &rows, 0x7f20_62d7_f45d_e073);
}

/// `largest` is the largest magnitude of the weights.
fn linear(largest: f32, encoding: Encoding) -> Vec<f32> {
    let outputs = 101;
    let mut packer = Packer::new(HIDDEN, outputs).unwrap();
    let weights = random(HIDDEN * outputs, 2);
    packer.push(&weights.iter().map(|x| (x * 22.0).clamp(-largest, largest) as i8 as u8).collect::<Vec<_>>());
    let matrix = packer.finish();
    assert_eq!(matrix.encoding(), encoding);
    let scales: Vec<f32> = random(outputs, 3).iter().map(|x| 0.01 + 0.001 * x).collect();
    let layer = Linear::new(Arc::new(matrix), &scales, &random(outputs, 4));
    let (codes, rows) = quantized();
    let mut output = vec![0.0; ROWS * outputs];
    let mut outputs_of_rows: Vec<_> = output.chunks_mut(outputs).collect();
    layer.apply(QuantizedRows { codes: &codes, rows: &rows }, &mut LinearScratch::default(), &mut outputs_of_rows);
    output
}

#[test]
fn linear_gives_the_same_bits() {
    check("seven-bit codes", &linear(64.0, Encoding::SevenBit), 0x1d54_92ee_e591_8e42);
    check("eight-bit codes", &linear(80.0, Encoding::EightBit), 0xb05a_00ad_bf22_afc7);
}

#[test]
fn attention_gives_the_same_bits() {
    let (heads, head_size) = (2, 21);
    let hidden = heads * head_size;
    let (queries, keys) = (13, 70);
    let activations = random(3 * keys * hidden, 5);
    let rows = |part: usize, count| Rows { values: &activations[part * hidden..], count, stride: 3 * hidden };
    let mask = random(keys, 6);
    let inputs = Inputs {
        queries: rows(0, queries),
        keys: rows(1, keys),
        values: rows(2, keys),
        mask: Some(&mask),
        bias: None,
        disentangled: None,
        window: None,
        heads,
        head_size,
        scale: 0.2,
    };
    let mut context = vec![0.0; queries * hidden];
    attention(&inputs, &mut AttentionScratch::default(), &mut context, hidden);
    check("attention", &context, 0xbb82_d81a_724d_9951);
    let values = random(heads * queries * keys, 10);
    let bias = Bias { values: &values, head_stride: queries * keys, rows: BiasRows::Apart(keys) };
    let window = LocalWindow { before: 40, after: 30, first: 25 };
    let inputs = Inputs { bias: Some(bias), window: Some(window), ..inputs };
    attention(&inputs, &mut AttentionScratch::default(), &mut context, hidden);
    check("attention in a window", &context, 0x50ad_d389_d0f1_85f1);
    let table = PositionTable::new(&random(heads * 30 * head_size, 16), heads, 30, head_size);
    let distances: Vec<u32> = (0..2 * keys as u32 - 1).map(|distance| distance * 30 / (2 * keys as u32)).collect();
    let [of_queries, of_keys] = [0.1, 0.3].map(|scale| Some(PositionScores { table: &table, rows: &distances, scale }));
    let disentangled = Disentangled { of_queries, of_keys, first: 25, first_head: 0 };
    let inputs = Inputs { disentangled: Some(disentangled), ..inputs };
    attention(&inputs, &mut AttentionScratch::default(), &mut context, hidden);
    check("disentangled attention", &context, 0x628a_ba1b_8a2b_47f4);
}

#[test]
fn float_layers_give_the_same_bits() {
    let (inputs, outputs) = (600, 29);
    let rows = random(ROWS * inputs, 11);
    let rows: Vec<&[f32]> = rows.chunks_exact(inputs).collect();
    let weights = Arc::new(random(inputs * outputs, 12));
    let layer = FloatLinear::new(weights, Order::InputsFirst, inputs, random(outputs, 13));
    let mut output = vec![0.0; ROWS * outputs];
    let mut places: Vec<_> = output.chunks_exact_mut(outputs).collect();
    layer.apply_some(0..outputs, &rows, &mut FloatScratch::default(), &mut places);
    check("float layer", &output, 0xa9dc_77e3_9afd_b806);
}

#[test]
fn elementwise_kernels_give_the_same_bits() {
    let input = activations();
    let (gamma, beta) = (random(HIDDEN, 7), random(HIDDEN, 8));
    let mut output = vec![0.0; input.len()];
    let parameters = LayerNorm { gamma: &gamma, beta: &beta, epsilon: 1e-5, centred: true };
    layer_norm(&input, Some(&random(input.len(), 9)), parameters, &mut output);
    check("layer norm", &output, 0x103f_e34f_f950_9a08);
    let mut output = input.clone();
    gelu(&mut output);
    check("GELU", &output, 0x1832_8ad0_e5fa_23c7);
    let mut output = input.clone();
    gelu_tanh(&mut output);
    check("GELU by tanh", &output, 0x3052_f07f_43d2_5fe4);
    let (cosines, sines) = (random(ROWS * 26, 14), random(ROWS * 26, 15));
    let mut output = input;
    for (position, row) in output.chunks_exact_mut(HIDDEN).enumerate() {
        Rotation { cosines: &cosines, sines: &sines }.rotate(position, row, 26);
    }
    check("rotary positions", &output, 0xa003_71c6_42ac_b662);
}
