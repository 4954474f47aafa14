//! Progress of a conversion.

/// A long step of a conversion. Each counts its own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Runs pairs of the sample to see the inputs of the layers.
    Observe,
    /// Rounds matrices to fewer bits.
    Round,
    /// Runs pairs of the sample for their logits before and after.
    Measure,
}

impl Phase {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Round => "round",
            Self::Measure => "measure",
        }
    }
}

/// Receives the stage, the number of finished units and the number of all units.
pub type OnProgress<'a> = dyn FnMut(Phase, usize, usize) + 'a;
