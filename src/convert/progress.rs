//! How far a conversion is.

/// What takes long; each is counted in units of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Pairs of the sample, for what the layers read.
    Observe,
    /// Matrices that get fewer bits.
    Round,
    /// Pairs of the sample, for their logits before and after.
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

/// Told the stage, how much of it is done and how much there is.
pub type OnProgress<'a> = dyn FnMut(Phase, usize, usize) + 'a;
