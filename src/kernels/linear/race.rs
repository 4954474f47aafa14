//! A race of the kernels on a small layer. The caller holds the clock.

use std::sync::Arc;

use super::kernel::{self, Kernel, PanelDot};
use super::quantize::RowScale;
use super::{Linear, LinearScratch, Packer, QuantizedRows};

/// MiniLM's hidden size. The weights fit the first-level cache.
const INPUTS: usize = 384;
const OUTPUTS: usize = 96;
const ROWS: usize = 24;

/// The share of the usual kernel's time that a kernel may take to be chosen. A coarse clock errs by some hundredths.
const LEAD: f64 = 0.93;

/// The kernels of this build, each with the same layer of weights of seven bits.
#[derive(Debug)]
pub struct Race {
    layers: Vec<Linear>,
    codes: Vec<i8>,
    rows: Vec<RowScale>,
    scratch: LinearScratch,
    output: Vec<f32>,
}

impl Race {
    /// Weights of the layer, of a byte each.
    pub const WEIGHTS: usize = INPUTS * OUTPUTS;
    /// Products that a [`run`](Self::run) adds up.
    pub const PRODUCTS: usize = ROWS * Self::WEIGHTS;

    /// Prepares the layers; `None` if there is no memory for them.
    pub fn new() -> Option<Self> {
        let mut packer = Packer::new(INPUTS, OUTPUTS).ok()?;
        packer.push(&(0..INPUTS * OUTPUTS).map(|index| ((index * 7 % 127) as u8).wrapping_sub(63)).collect::<Vec<_>>());
        let matrix = Arc::new(packer.finish());
        let layer = |&kernel| {
            let dot = PanelDot { kernel, adds_128: false };
            Linear::with_dot(Arc::clone(&matrix), dot, &[0.001], &[0.0; OUTPUTS])
        };
        Some(Self {
            layers: Kernel::ALL.iter().map(layer).collect(),
            codes: (0..ROWS * INPUTS).map(|index| (index * 71) as i8).collect(),
            rows: vec![RowScale { scale: 1.0, zero_point: 0, sum: 0 }; ROWS],
            scratch: LinearScratch::default(),
            output: vec![0.0; ROWS * OUTPUTS],
        })
    }

    /// Returns the names of the kernels.
    pub fn entrants(&self) -> impl Iterator<Item = &'static str> {
        Kernel::ALL.iter().map(|kernel| kernel.name())
    }

    /// Runs the layer of an entrant once.
    ///
    /// # Panics
    /// If there is no such entrant.
    pub fn run(&mut self, entrant: usize) {
        let mut output: Vec<_> = self.output.chunks_exact_mut(OUTPUTS).collect();
        let input = QuantizedRows { codes: &self.codes, rows: &self.rows };
        self.layers[entrant].apply(input, &mut self.scratch, &mut output);
    }

    /// Makes new layers take the fastest kernel, by the time of each entrant. A time that is not a number is none.
    pub fn choose(self, times: &[f64]) {
        let time = |kernel| {
            let index = Kernel::ALL.iter().position(|&it| it == kernel);
            index.and_then(|index| times.get(index)).copied().filter(|time| time.is_finite()).unwrap_or(f64::INFINITY)
        };
        let eight_bits: Vec<Kernel> = PanelDot::exact_for_eight_bits().into_iter().map(|dot| dot.kernel).collect();
        kernel::choose(
            fastest(Kernel::usual(), Kernel::ALL.iter().copied(), time),
            fastest(eight_bits[0], eight_bits.into_iter(), time),
        );
    }
}

/// The fastest kernel, or the usual one where no other leads.
fn fastest(usual: Kernel, kernels: impl Iterator<Item = Kernel>, time: impl Fn(Kernel) -> f64) -> Kernel {
    let best = kernels.min_by(|&a, &b| time(a).total_cmp(&time(b))).unwrap_or(usual);
    if time(best) < LEAD * time(usual) { best } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::test;

    #[test]
    fn every_entrant_returns_the_same_bits() {
        let mut race = Race::new().unwrap();
        let outputs: Vec<Vec<u32>> = (0..Kernel::ALL.len())
            .map(|entrant| {
                race.output.fill(f32::NAN);
                race.run(entrant);
                race.output.iter().map(|number| number.to_bits()).collect()
            })
            .collect();
        assert!(outputs.iter().all(|output| *output == outputs[0] && !output.contains(&f32::NAN.to_bits())));
    }

    #[test]
    fn the_fastest_wins_by_a_lead() {
        let usual = Kernel::ALL[0];
        let winner = |times: &[f64]| {
            let time = |kernel| Kernel::ALL.iter().position(|&it| it == kernel).map_or(f64::INFINITY, |it| times[it]);
            fastest(usual, Kernel::ALL.iter().copied(), time)
        };
        let mut times = vec![1.0; Kernel::ALL.len()];
        assert_eq!(winner(&times), usual);
        let last = times.len() - 1;
        times[last] = 0.98;
        assert_eq!(winner(&times), usual);
        times[last] = 0.9;
        assert_eq!(winner(&times), Kernel::ALL[last]);
        assert_eq!(winner(&vec![f64::INFINITY; times.len()]), usual);
    }
}
