use std::sync::Arc;

use proptest::prelude::*;

use super::super::panels::BLOCK_ROWS;
use super::super::quantize::RowScale;
use super::super::{Linear, LinearScratch, PackedMatrix, Packer, QuantizedRows, pack_four_bits};
use super::*;
use crate::kernels::testing::{test, *};

#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    columns: usize,
    tables: Vec<CodeTable>,
    weights: Vec<u8>,
    numbers: Vec<u8>,
}

impl Case {
    fn packed(&self) -> PackedMatrix {
        pack_four_bits(self.rows, self.columns, &self.tables, &self.weights, &self.numbers).unwrap()
    }

    /// The weights by their tables, row after row.
    fn expected(&self) -> Vec<i8> {
        let of = |(index, &weight): (usize, &u8)| {
            let (row, column) = (index / self.columns, index % self.columns);
            let table = self.numbers[row / BLOCK_ROWS * self.columns + column];
            (i32::from(self.tables[usize::from(table)][usize::from(weight)]) - 64) as i8
        };
        self.weights.iter().enumerate().map(of).collect()
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (1..100usize, 1..30usize, 1..5usize).prop_flat_map(|(rows, columns, tables)| {
        let numbers = prop::collection::vec(0..tables as u8, rows.div_ceil(BLOCK_ROWS) * columns);
        let tables = prop::collection::vec(prop::array::uniform16(0..128u8), tables);
        let weights = prop::collection::vec(0..16u8, rows * columns);
        (tables, weights, numbers).prop_map(move |(tables, weights, numbers)| Case {
            rows,
            columns,
            tables,
            weights,
            numbers,
        })
    })
}

proptest! {
    #[test]
    fn every_weight_comes_back(case in cases()) {
        let packed = case.packed();
        let expected = case.expected();
        prop_assert!(packed.unpack().iter().map(|&byte| byte as i8).eq(expected.iter().copied()));
        for (index, &weight) in expected.iter().enumerate() {
            prop_assert_eq!(packed.weight(index / case.columns, index % case.columns), i32::from(weight));
        }
        for column in 0..case.columns {
            let sum: i32 = expected[column..].iter().step_by(case.columns).map(|&weight| i32::from(weight)).sum();
            prop_assert_eq!(packed.column_sums()[column], sum);
        }
    }

    #[test]
    fn a_panel_unpacks_as_the_reference_says(case in cases()) {
        let packed = case.packed();
        for panel in packed.panels() {
            let mut codes = vec![99; packed.groups() * GROUP_WEIGHTS];
            unpack_panel(panel, &case.tables, &mut codes);
            let mut expected = vec![98; codes.len()];
            let blocks = panel.chunks_exact(BLOCK_BYTES).zip(expected.chunks_mut(BLOCK_GROUPS * GROUP_WEIGHTS));
            for (block, expected) in blocks {
                for column in 0..PANEL_COLUMNS {
                    let weights = block[PANEL_COLUMNS..].as_chunks().0[column];
                    scalar::unpack_column(&weights, &case.tables[usize::from(block[column])], column, expected);
                }
            }
            prop_assert_eq!(codes, expected);
        }
    }

    /// A layer gives the same bits with the same weights in eight bits.
    #[test]
    fn a_layer_is_that_of_the_unpacked_weights(case in cases(), rows in 1..5usize, seed in any::<u32>()) {
        let packed = case.packed();
        let mut packer = Packer::new(case.rows, case.columns).unwrap();
        packer.push(&packed.unpack());
        let bias: Vec<f32> = (0..case.columns).map(|column| column as f32).collect();
        let stride = packed.groups() * GROUP_ROWS;
        let code = |index: usize| (index as u32).wrapping_mul(seed | 1).to_le_bytes()[3] as i8;
        let codes: Vec<i8> =
            (0..rows * stride).map(|index| if index % stride < case.rows { code(index) } else { 0 }).collect();
        let scales: Vec<RowScale> = codes
            .chunks(stride)
            .map(|row| RowScale { scale: 0.37, zero_point: -5, sum: row.iter().map(|&code| i32::from(code)).sum() })
            .collect();
        let apply = |matrix: PackedMatrix| {
            let layer = Linear::new(Arc::new(matrix), &[0.01], &bias);
            let input = QuantizedRows { codes: &codes, rows: &scales };
            let last = layer.whole_panels(case.columns - 1..case.columns);
            [0..case.columns, last].map(|outputs| {
                let mut output = vec![f32::NAN; rows * outputs.len()];
                let mut output_rows: Vec<_> = output.chunks_mut(outputs.len()).collect();
                layer.apply_some(outputs, input, &mut LinearScratch::default(), &mut output_rows);
                output
            })
        };
        for (four_bit, eight_bit) in apply(packed).iter().zip(&apply(packer.finish())) {
            assert_same(four_bit, eight_bit);
        }
    }
}
