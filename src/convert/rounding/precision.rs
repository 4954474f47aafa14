//! The choice of matrices that get four bits a weight.

use std::sync::Arc;

use super::four_bit::four_bits;
use super::gptq::Gptq;
use super::moments::Moments;
use crate::convert::options::{Bits, Options, Rounding};
use crate::convert::progress::{OnProgress, Phase};
use crate::convert::sample;
use crate::error::{Error, Result};
use crate::graph::{Encoder, TokenSequence};
use crate::kernels::linear::PackedMatrix;
use crate::kernels::linear::panels::Encoding;
use crate::onnx::refusal::no_memory;
use crate::onnx::{OnnxModel, Weight};

/// Damping of the moments' diagonal, as a part of its mean, since the sample does not cover all inputs.
const DAMPING: f32 = 0.02;

/// A matrix that can have four bits.
struct Candidate {
    name: String,
    unsigned: bool,
    before: Arc<PackedMatrix>,
    after: PackedMatrix,
    /// The relative change of its layer's outputs.
    error: f64,
}

impl Candidate {
    fn saves(&self) -> usize {
        self.before.bytes() - self.after.bytes()
    }

    /// Returns the squared error for each saved byte.
    fn price(&self) -> f64 {
        self.error * self.error / self.saves() as f64
    }
}

pub fn is_four_bit(matrix: &PackedMatrix) -> bool {
    matrix.encoding() == Encoding::FourBit
}

/// Rounds matrices to four bits, the cheapest first, until all weights fit into `room` bytes.
///
/// # Errors
/// `invalid_input` if they do not fit.
pub fn reduce(
    model: &mut OnnxModel,
    options: &Options,
    room: Option<usize>,
    graph: &Encoder,
    sample: &[TokenSequence],
    progress: &mut OnProgress<'_>,
) -> Result<()> {
    let (bits, room) = (options.bits, room.unwrap_or(usize::MAX));
    let mut bytes = model.weights.bytes();
    if bits == Bits::Four || bits == Bits::Mixed && bytes > room {
        let mut candidates = candidates(model, options.rounding, graph, sample, progress)?;
        candidates.sort_by(|one, other| one.price().total_cmp(&other.price()));
        for candidate in candidates {
            if bits == Bits::Mixed && bytes <= room {
                break;
            }
            bytes -= candidate.saves();
            let Candidate { name, unsigned, after, .. } = candidate;
            model.weights.insert(name, Weight::Matrix { packed: Arc::new(after), unsigned });
        }
    }
    if bytes > room {
        let reason =
            format!("the weights need {bytes} bytes; {room} are left for them: keep fewer pieces or allow more memory");
        return Err(Error::InvalidInput(reason));
    }
    Ok(())
}

/// Rounds each matrix to four bits on trial. A matrix with weights beyond seven bits stays as it is.
fn candidates(
    model: &OnnxModel,
    rounding: Rounding,
    graph: &Encoder,
    sample: &[TokenSequence],
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Candidate>> {
    let of_layers = sample::observe(graph, sample, progress)?;
    let mut candidates = Vec::new();
    let mut rounded = 0;
    for (name, weight) in model.weights.iter() {
        let Weight::Matrix { packed, unsigned } = weight else { continue };
        let Some(seen) = of_layers.get(&Arc::as_ptr(packed)).filter(|_| packed.encoding() == Encoding::SevenBit) else {
            continue;
        };
        let gptq = match rounding {
            Rounding::Compensated => {
                Moments::plain(&seen.rows, packed.rows()).and_then(|moments| Gptq::new(&moments, DAMPING))
            }
            Rounding::Nearest => None,
        };
        let after = four_bits(packed, gptq.as_ref()).ok_or_else(|| no_memory(packed.bytes()))?;
        rounded += 1;
        progress(Phase::Round, rounded, of_layers.len());
        if after.bytes() < packed.bytes() {
            let error = seen.error(packed, &after);
            candidates.push(Candidate {
                name: name.to_owned(),
                unsigned: *unsigned,
                before: packed.clone(),
                after,
                error,
            });
        }
    }
    Ok(candidates)
}
