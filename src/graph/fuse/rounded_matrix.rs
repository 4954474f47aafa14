//! Constant matrices that the file rounds each time it runs, rounded once and packed.

use tract_core::internal::*;

use crate::graph::import::operators::DynamicQuantizeLinear;
use crate::kernels::linear::{PackedMatrix, Packer};

/// A constant matrix of floats after DynamicQuantizeLinear.
#[derive(Debug)]
pub struct RoundedMatrix {
    pub packed: Arc<PackedMatrix>,
    /// The value of an integer 1.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: u8,
}

impl RoundedMatrix {
    /// The integer of the file that the packed form stores as 0: it has signed weights.
    pub const ZERO: i64 = 128;

    /// Rounds and packs a tensor; `None` if it is no matrix of floats, or there is no memory.
    pub fn new(constant: &Tensor) -> Option<Self> {
        let &[inputs, outputs] = constant.shape() else { return None };
        let values = constant.try_as_plain_ram().ok()?;
        let rounded = DynamicQuantizeLinear::round(values.as_slice::<f32>().ok()?);
        let mut packer = Packer::new(inputs, outputs).ok()?;
        for row in rounded.integers.chunks(outputs.max(1)) {
            packer.push(&row.iter().map(|integer| integer ^ 0x80).collect::<Vec<_>>());
        }
        Some(Self { packed: Arc::new(packer.finish()), scale: rounded.scale, zero_point: rounded.zero_point })
    }
}
