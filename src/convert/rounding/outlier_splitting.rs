//! Outlier channel splitting: copies of a neuron share its outsized weights.
//!
//! Zhao et al., *Improving Neural Network Quantization without Retraining using Outlier Channel Splitting*, 2019.
//!
//! The largest weight of an output sets the step of all its weights. In models of this family, some outputs of the
//! feed-forward layers have one or two weights ten times larger than the rest. Their inputs are large too. Rounding
//! leaves almost nothing of the rest. So the neuron behind such a weight gets copies, and each copy takes a part of the
//! weight. The layer computes the same, with a smaller step.

use crate::memory::room;

/// Neurons added to a layer. This number keeps the inputs a multiple of the kernels' block.
const ADDED: usize = 32;

/// The largest weight of an output is outsized at this multiple of the median output's. If there is one, all neurons
/// are added, each for the largest weight at that point.
const OUTSIZED: f32 = 2.0;

/// Neurons between two layers, some of which have copies.
#[derive(Debug, Clone, PartialEq)]
pub struct Copies {
    /// The original of each added neuron.
    of: Vec<usize>,
    /// The share of its weights that each neuron and each of its copies holds.
    shares: Vec<f32>,
}

impl Copies {
    /// Chooses copies for the weights of the second layer (neurons × `outputs`, row after row). `None` if no weight is
    /// outsized.
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

    /// Returns the number of added neurons.
    pub fn count(&self) -> usize {
        self.of.len()
    }

    /// Adds the copies to the first layer's weights (inputs × neurons) or to its bias. Returns `None` without memory.
    pub fn added(&self, rows: &[f32]) -> Option<Vec<f32>> {
        let neurons = self.shares.len();
        let mut added = room(rows.len() / neurons * (neurons + self.of.len()))?;
        for row in rows.chunks_exact(neurons) {
            added.extend_from_slice(row);
            added.extend(self.of.iter().map(|&neuron| row[neuron]));
        }
        Some(added)
    }

    /// Shares out the second layer's weights (neurons × `outputs`). Returns `None` without memory.
    pub fn shared(&self, weights: &[f32], outputs: usize) -> Option<Vec<f32>> {
        let mut shared = room((self.shares.len() + self.of.len()) * outputs)?;
        for neuron in (0..self.shares.len()).chain(self.of.iter().copied()) {
            let share = self.shares[neuron];
            shared.extend(weights[neuron * outputs..][..outputs].iter().map(|weight| weight * share));
        }
        Some(shared)
    }
}

/// Returns the neuron of each output's largest weight, and the size of its parts.
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
    fn copies_share_outsized_weights_and_keep_their_sum() {
        let mut weights = weights();
        weights[7 * OUTPUTS + 2] = 12.0;
        weights[9 * OUTPUTS + 2] = -5.0;
        let copies = Copies::for_outsized(&weights, OUTPUTS).unwrap();
        assert_eq!(copies.of.len(), ADDED);
        let shared = copies.shared(&weights, OUTPUTS).unwrap();
        assert_eq!(shared.len(), (NEURONS + ADDED) * OUTPUTS);
        assert!(shared.iter().all(|weight| weight.abs() < 1.0), "{shared:?}");
        // The sum over each neuron and its copies.
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
