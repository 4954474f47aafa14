//! The kernels of a build, and the ones that layers take.
//!
//! All kernels return the same integers. The fastest one depends on the processor and on the compiler of the browser, so
//! [`Race`](super::race::Race) measures them. Without a race a layer takes the usual one.

use std::sync::atomic::{AtomicU8, Ordering};

use super::panels::Encoding;
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
use super::tile::relaxed::{multiplies_eight_bits, pairs_saturate};

/// A way to multiply rows of activations by a panel of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// `i32x4.dot_i16x8` on operands widened to 16 bits; in native code SSE2 or plain loops.
    Wide,
    /// `i16x8.extmul` on bytes. It adds two products in 16 bits, which only weights of seven bits allow.
    #[cfg(target_arch = "wasm32")]
    Extmul,
    /// `i16x8.extmul` on bytes, with each product widened by itself.
    #[cfg(target_arch = "wasm32")]
    ExtmulOfEightBits,
    /// The relaxed dot of four pairs in each lane.
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    Relaxed,
    /// The relaxed dot of two pairs, and `i32x4.dot_i16x8` on its results.
    #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
    RelaxedInTwoSteps,
}

impl Kernel {
    /// The kernels of this build.
    pub const ALL: &[Self] = &[
        Self::Wide,
        #[cfg(target_arch = "wasm32")]
        Self::Extmul,
        #[cfg(target_arch = "wasm32")]
        Self::ExtmulOfEightBits,
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        Self::Relaxed,
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        Self::RelaxedInTwoSteps,
    ];

    /// Returns the kernel's name, by its instruction.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wide => "dot_i16x8",
            #[cfg(target_arch = "wasm32")]
            Self::Extmul => "extmul",
            #[cfg(target_arch = "wasm32")]
            Self::ExtmulOfEightBits => "extmul_of_eight_bits",
            #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
            Self::Relaxed => "relaxed_dot",
            #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
            Self::RelaxedInTwoSteps => "relaxed_dot_in_two_steps",
        }
    }

    /// True if the kernel reads the stored codes of a panel, false if it reads widened copies.
    pub const fn reads_bytes(self) -> bool {
        !matches!(self, Self::Wide)
    }

    /// The usual kernel for weights of seven bits.
    pub fn usual() -> Self {
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        return if pairs_saturate() { Self::RelaxedInTwoSteps } else { Self::Relaxed };
        #[cfg(not(all(target_arch = "wasm32", feature = "relaxed-simd")))]
        Self::Wide
    }
}

/// A kernel, and the form in which it reads weights of eight bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PanelDot {
    pub kernel: Kernel,
    /// The kernel reads weights of eight bits plus 128, as unsigned numbers.
    pub adds_128: bool,
}

impl PanelDot {
    /// Returns the dot that new layers of this encoding take.
    pub fn chosen(encoding: Encoding) -> Self {
        match encoding {
            Encoding::SevenBit | Encoding::FourBit => {
                Self { kernel: SEVEN_BITS.get_or(Kernel::usual), adds_128: false }
            }
            Encoding::EightBit => {
                let exact = Self::exact_for_eight_bits();
                let kernel = EIGHT_BITS.get_or(|| exact[0].kernel);
                exact.into_iter().find(|dot| dot.kernel == kernel).expect("a race chooses an exact kernel")
            }
        }
    }

    /// Returns the dots that are exact for weights of eight bits here, the usual one first.
    ///
    /// The relaxed dot is defined for seven bits. What an engine does with the eighth is its choice, and does not change
    /// while it runs. Where it has one instruction for the dot, that is exact for eight bits, too. ARM, and x86 with
    /// AVX-VNNI-INT8, read both operands as signed. x86 with AVX-VNNI reads the second one as unsigned.
    pub fn exact_for_eight_bits() -> Vec<Self> {
        let others = [
            Kernel::Wide,
            #[cfg(target_arch = "wasm32")]
            Kernel::ExtmulOfEightBits,
        ];
        Self::relaxed_for_eight_bits()
            .into_iter()
            .chain(others.map(|kernel| Self { kernel, adds_128: false }))
            .collect()
    }

    fn relaxed_for_eight_bits() -> Option<Self> {
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        return match multiplies_eight_bits() {
            (true, false) => Some(Self { kernel: Kernel::Relaxed, adds_128: false }),
            (false, true) => Some(Self { kernel: Kernel::Relaxed, adds_128: true }),
            _ => None,
        };
        #[cfg(not(all(target_arch = "wasm32", feature = "relaxed-simd")))]
        None
    }

    /// Difference between a code that the kernel reads and a stored weight of eight bits.
    pub fn offset(self) -> i32 {
        if self.adds_128 { 128 } else { 0 }
    }
}

/// Makes new layers take the kernel `seven_bits` or, for weights of eight bits, the kernel `eight_bits`.
///
/// # Panics
/// If the kernel for eight bits is not exact for them here, or that for seven bits never is.
pub fn choose(seven_bits: Kernel, eight_bits: Kernel) {
    assert!(PanelDot::exact_for_eight_bits().iter().any(|dot| dot.kernel == eight_bits), "{eight_bits:?} is not exact");
    SEVEN_BITS.set(seven_bits);
    EIGHT_BITS.set(eight_bits);
}

static SEVEN_BITS: Choice = Choice(AtomicU8::new(0));
static EIGHT_BITS: Choice = Choice(AtomicU8::new(0));

/// The number of a kernel in [`Kernel::ALL`], from 1 on; 0 for none.
struct Choice(AtomicU8);

impl Choice {
    fn get_or(&self, usual: impl FnOnce() -> Kernel) -> Kernel {
        let number = usize::from(self.0.load(Ordering::Relaxed));
        number.checked_sub(1).map_or_else(usual, |index| Kernel::ALL[index])
    }

    fn set(&self, kernel: Kernel) {
        let index = Kernel::ALL.iter().position(|&it| it == kernel).expect("ALL has every kernel");
        self.0.store(index as u8 + 1, Ordering::Relaxed);
    }
}
