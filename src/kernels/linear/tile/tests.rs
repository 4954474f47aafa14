use proptest::prelude::*;

use super::super::panels::{Encoding, GROUP_ROWS, GROUP_WEIGHTS};
use super::*;
use crate::kernels::testing::test;

#[derive(Debug, Clone)]
struct Case {
    count: usize,
    stride: usize,
    encoding: Encoding,
    codes: Vec<i8>,
    panel: Vec<u8>,
}

impl Case {
    fn expected(&self) -> Dots {
        let weight = |byte: u8| match self.encoding {
            Encoding::SevenBit => i32::from(byte),
            _ => i32::from(byte as i8),
        };
        let mut dots = [[0; PANEL_COLUMNS]; TILE_ROWS];
        for (index, &byte) in self.panel.iter().enumerate() {
            let (group, column) = (index / GROUP_WEIGHTS, index % GROUP_WEIGHTS / GROUP_ROWS);
            for (row, dots) in dots.iter_mut().enumerate().take(self.count) {
                let code = self.codes[row * self.stride + GROUP_ROWS * group + index % GROUP_ROWS];
                dots[column] += i32::from(code) * weight(byte);
            }
        }
        dots
    }

    fn check(&self) {
        let Self { count, stride, ref codes, ref panel, .. } = *self;
        let expected = self.expected();
        let wide_codes: Vec<i16> = codes.iter().map(|&code| code.into()).collect();
        let mut wide_panel = vec![99; panel.len()];
        let mut dots = [[99; PANEL_COLUMNS]; TILE_ROWS];
        wide::widen_panel(panel, &mut wide_panel);
        wide::dot(&wide_codes, stride, count, &wide_panel, &mut dots);
        assert_eq!(dots[..count], expected[..count]);
        scalar::widen_panel(panel, &mut wide_panel);
        scalar::dot(&wide_codes, stride, count, &wide_panel, &mut dots);
        assert_eq!(dots[..count], expected[..count]);
        #[cfg(target_arch = "wasm32")]
        {
            extmul::dot_of_eight_bits(codes, stride, count, panel, &mut dots);
            assert_eq!(dots[..count], expected[..count]);
            if self.encoding == Encoding::SevenBit {
                extmul::dot(codes, stride, count, panel, &mut dots);
                assert_eq!(dots[..count], expected[..count]);
            }
        }
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        match (self.encoding, relaxed::multiplies_eight_bits()) {
            (Encoding::SevenBit, _) => {
                for dot in [relaxed::dot, relaxed::dot_in_two_steps] {
                    dot(codes, stride, count, panel, &mut dots);
                    assert_eq!(dots[..count], expected[..count]);
                }
            }
            (_, (true, false)) => {
                relaxed::dot(codes, stride, count, panel, &mut dots);
                assert_eq!(dots[..count], expected[..count]);
            }
            (_, (false, true)) => {
                let plus_128: Vec<u8> = panel.iter().map(|&weight| weight ^ 0x80).collect();
                relaxed::dot(codes, stride, count, &plus_128, &mut dots);
                for (row, (dots, expected)) in dots.iter().zip(expected).take(count).enumerate() {
                    let sum: i32 =
                        codes[row * stride..][..panel.len() / PANEL_COLUMNS].iter().map(|&code| i32::from(code)).sum();
                    assert_eq!(dots.map(|dot| dot - 128 * sum), expected);
                }
            }
            _ => {}
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (1..=TILE_ROWS, 1..50usize, 0..3usize, any::<bool>()).prop_flat_map(|(count, groups, unused, seven_bits)| {
        let stride = (groups + unused) * GROUP_ROWS;
        let (encoding, largest) = if seven_bits { (Encoding::SevenBit, 127u8) } else { (Encoding::EightBit, 255) };
        let byte = prop_oneof![4 => 0..=largest, 1 => Just(0), 1 => Just(127), 1 => Just(largest / 2 + 1)];
        let code = prop_oneof![4 => any::<i8>(), 1 => Just(-128), 1 => Just(127)];
        (prop::collection::vec(code, count * stride), prop::collection::vec(byte, groups * GROUP_WEIGHTS))
            .prop_map(move |(codes, panel)| Case { count, stride, encoding, codes, panel })
    })
}

proptest! {
    #[test]
    fn every_variant_gives_the_same_integers(case in cases()) {
        case.check();
    }
}

#[test]
fn extremes() {
    let groups = 768;
    for (encoding, bytes) in [(Encoding::SevenBit, [0, 127]), (Encoding::EightBit, [128, 127])] {
        for (byte, code) in bytes.into_iter().flat_map(|byte| [(byte, -128), (byte, 127)]) {
            let (codes, panel) = (vec![code; TILE_ROWS * groups * GROUP_ROWS], vec![byte; groups * GROUP_WEIGHTS]);
            Case { count: TILE_ROWS, stride: groups * GROUP_ROWS, encoding, codes, panel }.check();
        }
    }
}
