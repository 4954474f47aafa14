use proptest::prelude::*;

use super::quantize::quantize_row_i8;
use super::*;
use crate::kernels::testing::{test, *};

#[derive(Debug, Clone)]
struct Case {
    inputs: usize,
    outputs: usize,
    weights: Vec<i8>,
    codes: Vec<i8>,
    /// Scale and zero point of each row.
    rows: Vec<(f32, i32)>,
}

impl Case {
    fn layer(&self) -> Linear {
        let mut packer = Packer::new(self.inputs, self.outputs).unwrap();
        packer.push(&self.weights.iter().map(|&weight| weight as u8).collect::<Vec<_>>());
        let scales: Vec<f32> = (0..self.outputs).map(|column| 0.01 + 0.003 * column as f32).collect();
        let bias: Vec<f32> = (0..self.outputs).map(|column| 1.5 - column as f32).collect();
        Linear::new(Arc::new(packer.finish()), &scales, &bias)
    }

    fn quantized(&self, rows: Range<usize>) -> (Vec<i8>, Vec<RowScale>) {
        let (mut codes, mut scales) = (Vec::new(), Vec::new());
        for (row, &(scale, zero_point)) in
            self.codes.chunks(self.inputs).zip(&self.rows).skip(rows.start).take(rows.len())
        {
            codes.extend_from_slice(row);
            codes.resize(codes.len().next_multiple_of(GROUP_ROWS), 0);
            scales.push(RowScale { scale, zero_point, sum: row.iter().map(|&code| i32::from(code)).sum() });
        }
        (codes, scales)
    }

    fn apply(&self, layer: &Linear, rows: Range<usize>) -> Vec<f32> {
        let (codes, scales) = self.quantized(rows);
        let mut output = vec![f32::NAN; scales.len() * self.outputs];
        let mut rows: Vec<_> = output.chunks_mut(self.outputs).collect();
        layer.apply(QuantizedRows { codes: &codes, rows: &scales }, &mut LinearScratch::default(), &mut rows);
        output
    }

    fn apply_some(&self, layer: &Linear, outputs: Range<usize>) -> Vec<f32> {
        let (codes, scales) = self.quantized(0..self.rows.len());
        let mut output = vec![f32::NAN; scales.len() * outputs.len()];
        let mut rows: Vec<_> = output.chunks_mut(outputs.len()).collect();
        let input = QuantizedRows { codes: &codes, rows: &scales };
        layer.apply_some(outputs, input, &mut LinearScratch::default(), &mut rows);
        output
    }

    /// By the definition, on the original weights.
    fn expected(&self, weight_zero_points: &[i8]) -> Vec<f32> {
        let mut output = Vec::new();
        for (codes, &(scale, zero_point)) in self.codes.chunks(self.inputs).zip(&self.rows) {
            for (column, &weight_zero_point) in weight_zero_points.iter().enumerate() {
                let weights = self.weights[column..].iter().step_by(self.outputs);
                let exact: i64 = codes
                    .iter()
                    .zip(weights)
                    .map(|(&a, &w)| {
                        (i64::from(a) - i64::from(zero_point)) * (i64::from(w) - i64::from(weight_zero_point))
                    })
                    .sum();
                output.push(exact as f32 * (scale * (0.01 + 0.003 * column as f32)) + (1.5 - column as f32));
            }
        }
        output
    }

    /// The layer, multiplied by this dot.
    fn layer_by(&self, dot: PanelDot) -> Linear {
        let mut layer = self.layer();
        layer.dot = dot;
        layer.offsets = vec![layer.code_offset(); layer.offsets.len()];
        layer
    }

    fn check(&self) {
        let zeros = vec![0; self.outputs];
        assert_same(&self.apply(&self.layer(), 0..self.rows.len()), &self.expected(&zeros));
    }
}

fn weights(count: usize) -> impl Strategy<Value = Vec<i8>> {
    let range = prop_oneof![
        4 => Just(-64i8..=64),
        2 => Just(-63..=64),
        1 => Just(-64..=63),
        2 => Just(-128..=127),
        1 => Just(64..=64),
        1 => Just(-64..=-64),
        1 => Just(0..=0),
    ];
    // A column with both extremes is corrected if they are few. With many, the matrix is packed as eight bits.
    (range, prop_oneof![Just(1), Just(40)]).prop_flat_map(move |(range, inner)| {
        let (low, high) = (*range.start(), *range.end());
        prop::collection::vec(prop_oneof![inner => range, 1 => Just(low), 1 => Just(high)], count)
    })
}

fn cases() -> impl Strategy<Value = Case> {
    (1..40usize, 1..30usize, 1..8usize).prop_flat_map(|(inputs, outputs, rows)| {
        let code = prop_oneof![4 => any::<i8>(), 1 => Just(-128i8), 1 => Just(127)];
        let scale = prop_oneof![4 => Just(0.37f32), 1 => Just(0.0), 1 => Just(f32::NAN), 1 => Just(1e30)];
        let row = (scale, prop_oneof![-128..=127i32, Just(-128), Just(127)]);
        (weights(inputs * outputs), prop::collection::vec(code, inputs * rows), prop::collection::vec(row, rows))
            .prop_map(move |(weights, codes, rows)| Case { inputs, outputs, weights, codes, rows })
    })
}

/// Cases with both extremes in each column, which no code of seven bits holds.
fn full_range_cases() -> impl Strategy<Value = Case> {
    cases().prop_filter("a column has two weights", |case| case.inputs > 1).prop_map(|mut case| {
        case.weights[..case.outputs].fill(-128);
        case.weights[case.outputs..2 * case.outputs].fill(127);
        case
    })
}

/// The dots that are exact for the weights of a layer in this build, on this machine.
fn dots(encoding: Encoding) -> Vec<PanelDot> {
    match encoding {
        Encoding::EightBit => {
            let stand_in = PanelDot { kernel: Kernel::Wide, adds_128: true };
            PanelDot::exact_for_eight_bits().into_iter().chain([stand_in]).collect()
        }
        _ => Kernel::ALL.iter().map(|&kernel| PanelDot { kernel, adds_128: false }).collect(),
    }
}

proptest! {
    #[test]
    fn the_layer_is_its_definition(case in cases()) {
        case.check();
    }

    #[test]
    fn weights_have_zero_points(case in cases()) {
        let expect = |zero_points: &[i8]| {
            let layer = case.layer().with_zero_points(zero_points);
            let all: Vec<i8> = zero_points.iter().copied().cycle().take(case.outputs).collect();
            assert_same(&case.apply(&layer, 0..case.rows.len()), &case.expected(&all));
        };
        expect(&[-128]);
        expect(&(0..case.outputs).map(|column| (column * 83 + 127) as i8).collect::<Vec<_>>());
    }

    #[test]
    fn columns_with_both_extremes_are_stored_as_eight_bits(case in full_range_cases()) {
        assert_eq!(case.layer().matrix.encoding(), Encoding::EightBit);
    }

    /// The wide dot stands in for a relaxed one that reads codes as unsigned.
    #[test]
    fn all_dots_give_the_same_bits(case in prop_oneof![cases(), full_range_cases()]) {
        let zeros = vec![0; case.outputs];
        let some = [-128, 0, 127].repeat(case.outputs)[..case.outputs].to_vec();
        for dot in dots(case.layer().matrix.encoding()) {
            let layer = case.layer_by(dot);
            assert_same(&case.apply(&layer, 0..case.rows.len()), &case.expected(&zeros));
            let shifted = layer.with_zero_points(&some);
            assert_same(&case.apply(&shifted, 0..case.rows.len()), &case.expected(&some));
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others(case in cases()) {
        let layer = case.layer();
        let alone: Vec<f32> = (0..case.rows.len()).flat_map(|row| case.apply(&layer, row..row + 1)).collect();
        assert_same(&alone, &case.apply(&layer, 0..case.rows.len()));
    }

    #[test]
    fn an_output_does_not_depend_on_the_others(case in cases(), start in 0..30usize, end in 0..30usize) {
        let layer = case.layer();
        let (start, end) = (start.min(case.outputs - 1), end.clamp(1, case.outputs));
        let wanted = start.min(end - 1)..end.max(start + 1);
        let outputs = layer.whole_panels(wanted.clone());
        prop_assert!(outputs.start <= wanted.start && wanted.end <= outputs.end);
        let some = case.apply_some(&layer, outputs.clone());
        let all = case.apply(&layer, 0..case.rows.len());
        let expected = all.chunks(case.outputs).flat_map(|row| &row[outputs.clone()]).copied().collect::<Vec<_>>();
        assert_same(&some, &expected);
    }
}

#[test]
fn blocks_of_rows_change_nothing() {
    let (inputs, outputs) = (4_003, 13);
    let rows = 2 * block_rows(inputs) + 1;
    Case {
        inputs,
        outputs,
        weights: (0..inputs * outputs).map(|index| (index * 37 % 129) as i8).collect(),
        codes: (0..inputs * rows).map(|index| (index * 71) as i8).collect(),
        rows: (0..rows).map(|row| (0.37, (row % 256) as i32 - 128)).collect(),
    }
    .check();
}

/// A few columns of 1,030 weights that strain the seven-bit codes most; no sum may overflow.
#[test]
fn extremes_of_the_seven_bit_codes() {
    let inputs = 1030;
    let columns: [fn(usize) -> i8; 6] = [
        |_| -64,
        |_| 64,
        |row| if row == 7 { -64 } else { 63 },
        |row| if row % 100 == 3 { 64 } else { -64 },
        |row| if row == 1029 { 64 } else { -63 },
        |_| 0,
    ];
    for code in [-128, 127] {
        let case = Case {
            inputs,
            outputs: columns.len(),
            weights: (0..inputs).flat_map(|row| columns.map(|column| column(row))).collect(),
            codes: [vec![code; inputs], (0..inputs).map(|row| if row % 2 == 0 { code } else { !code }).collect()]
                .concat(),
            rows: vec![(0.5, -128), (0.5, 127)],
        };
        let layer = case.layer();
        assert_eq!(layer.matrix.encoding(), Encoding::SevenBit);
        assert_eq!(layer.matrix.corrections().len(), 11);
        case.check();
    }
}

#[test]
fn the_longest_rows_do_not_overflow() {
    let inputs = 1 << 16;
    for weight in [-128, -64, 64, 127] {
        for (code, zero_point) in [(127, -128), (-128, 127), (-128, -128)] {
            Case {
                inputs,
                outputs: 1,
                weights: vec![weight; inputs],
                codes: vec![code; inputs],
                rows: vec![(1.0, zero_point)],
            }
            .check();
        }
    }
}

#[test]
fn rows_without_numbers_give_the_bias_or_nan() {
    let case = Case { inputs: 5, outputs: 2, weights: vec![3; 10], codes: vec![], rows: vec![] };
    let layer = case.layer();
    let apply = |row: &[f32]| {
        let mut codes = [0; 8];
        let rows = [quantize_row_i8(row, &mut codes)];
        let mut output = [7.0; 2];
        layer.apply(QuantizedRows { codes: &codes, rows: &rows }, &mut LinearScratch::default(), &mut [&mut output]);
        output
    };
    assert_same(&apply(&[0.0; 5]), &[1.5, 0.5]);
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_same(&apply(&[1.0, value, 0.0, 0.0, 0.0]), &[f32::NAN; 2]);
    }
    assert!(case.apply(&layer, 0..0).is_empty());
}
