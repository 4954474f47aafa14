//! Outlier channel splitting: copies of neurons share outsized weights.
//!
//! Zhao et al., *Improving Neural Network Quantization without Retraining using Outlier Channel Splitting*, 2019.
//!
//! The largest weight of an output decides on the step of all its weights. In models of this family some outputs of the
//! feed-forward layers have a weight or two that are ten times as large as all others, for values that are large, too; there
//! nearly nothing is left of the others. With several copies of the neuron that such a weight reads, each of which gets its
//! part of the weight, the layer gives the same and the step is smaller.

use crate::memory::room;

/// Neurons that are added to a layer; so many keep the number of inputs a multiple of what the kernels take together.
const ADDED: usize = 32;

/// The largest weight of an output is outsized where it is so many times that of the output in the middle. Where there is one,
/// all neurons are added, each for what is the largest then.
const OUTSIZED: f32 = 2.0;

/// Neurons between two layers, some of which have copies.
#[derive(Debug, Clone, PartialEq)]
pub struct Copies {
    /// Of each added neuron the one that it is a copy of.
    of: Vec<usize>,
    /// What each neuron and each of its copies has of its weights.
    shares: Vec<f32>,
}

impl Copies {
    /// For the weights of the second layer, neurons × `outputs`, row after row; `None` where no output's are outsized.
    pub fn for_outsized(weights: &[f32], outputs: usize) -> Option<Self> {
        let mut counts = vec![1.0; weights.len() / outputs];
        let mut of = Vec::with_capacity(ADDED);
        for _ in 0..ADDED {
            let largest = largest_weights(weights, &counts, outputs);
            let (neuron, largest_of_all) = *largest.iter().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
            if of.is_empty() {
                let mut sizes: Vec<f32> = largest.iter().map(|&(_, size)| size).collect();
                sizes.sort_by(f32::total_cmp);
                if largest_of_all <= OUTSIZED * sizes[sizes.len() / 2] {
                    return None;
                }
            }
            counts[neuron] += 1.0;
            of.push(neuron);
        }
        Some(Self { of, shares: counts.iter().map(|count| 1.0 / count).collect() })
    }

    /// How many neurons are added.
    pub fn count(&self) -> usize {
        self.of.len()
    }

    /// The first layer's weights, inputs × neurons, or its bias, with the added neurons; `None` without memory.
    pub fn added(&self, rows: &[f32]) -> Option<Vec<f32>> {
        let neurons = self.shares.len();
        let mut added = room(rows.len() / neurons * (neurons + self.of.len()))?;
        for row in rows.chunks_exact(neurons) {
            added.extend_from_slice(row);
            added.extend(self.of.iter().map(|&neuron| row[neuron]));
        }
        Some(added)
    }

    /// The second layer's weights, neurons × `outputs`, shared out; `None` without memory.
    pub fn shared(&self, weights: &[f32], outputs: usize) -> Option<Vec<f32>> {
        let mut shared = room((self.shares.len() + self.of.len()) * outputs)?;
        for neuron in (0..self.shares.len()).chain(self.of.iter().copied()) {
            let share = self.shares[neuron];
            shared.extend(weights[neuron * outputs..][..outputs].iter().map(|weight| weight * share));
        }
        Some(shared)
    }
}

/// The neuron that the largest weight of each output reads, and how large its parts are.
fn largest_weights(weights: &[f32], counts: &[f32], outputs: usize) -> Vec<(usize, f32)> {
    let mut largest = vec![(0, 0.0); outputs];
    for (neuron, (row, count)) in weights.chunks_exact(outputs).zip(counts).enumerate() {
        for (largest, weight) in largest.iter_mut().zip(row) {
            let size = weight.abs() / count;
            if size > largest.1 {
                *largest = (neuron, size);
            }
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEURONS: usize = 40;
    const OUTPUTS: usize = 5;

    fn weights() -> Vec<f32> {
        (0..NEURONS * OUTPUTS).map(|index| ((index * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn outsized_weights_are_shared_out_and_the_sum_over_the_copies_is_what_it_was() {
        let mut weights = weights();
        weights[7 * OUTPUTS + 2] = 12.0;
        weights[9 * OUTPUTS + 2] = -5.0;
        let copies = Copies::for_outsized(&weights, OUTPUTS).unwrap();
        assert_eq!(copies.of.len(), ADDED);
        let shared = copies.shared(&weights, OUTPUTS).unwrap();
        assert_eq!(shared.len(), (NEURONS + ADDED) * OUTPUTS);
        assert!(shared.iter().all(|weight| weight.abs() < 1.0), "{shared:?}");
        // What each neuron and its copies give together.
        let numbers: Vec<f32> = (0..2 * NEURONS).map(|index| index as f32).collect();
        let added = copies.added(&numbers).unwrap();
        assert_eq!(added.len(), 2 * (NEURONS + ADDED));
        let sums = |values: &[f32], weights: &[f32]| {
            let mut sums = [0.0; OUTPUTS];
            for (value, row) in values.iter().zip(weights.chunks_exact(OUTPUTS)) {
                sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
            }
            sums
        };
        for (values, more) in numbers.chunks_exact(NEURONS).zip(added.chunks_exact(NEURONS + ADDED)) {
            for (sum, same) in sums(values, &weights).iter().zip(sums(more, &shared)) {
                assert!((sum - same).abs() < 1e-3 * sum.abs().max(1.0), "{sum} and {same}");
            }
        }
    }

    #[test]
    fn weights_of_one_size_need_no_copies() {
        assert_eq!(Copies::for_outsized(&weights(), OUTPUTS), None);
        assert_eq!(Copies::for_outsized(&[0.0; 12], OUTPUTS.min(4)), None);
    }
}
