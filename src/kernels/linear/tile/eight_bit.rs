//! Eight-bit weights under the relaxed dot, which is defined for seven bits.
//!
//! What an engine does with the eighth bit is its choice, and does not change while it runs. Where it has one
//! instruction for the dot, that is exact for eight bits, too.

/// The operands with which the dot of eight-bit weights is fastest and exact on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EightBitDot {
    /// Activations and weights widened to 16 bits.
    Wide,
    /// The weights as they are stored. The relaxed dot reads both operands as signed: ARM, x86 with AVX-VNNI-INT8.
    #[cfg_attr(not(all(target_arch = "wasm32", feature = "relaxed-simd")), expect(dead_code))]
    Signed,
    /// The weights plus 128. The relaxed dot reads its second operand as unsigned: x86 with AVX-VNNI.
    Unsigned,
}

impl EightBitDot {
    /// Finds the operands by the results of the relaxed dot on extreme values in every lane.
    pub fn probe() -> Self {
        #[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
        return match super::relaxed::multiplies_eight_bits() {
            (true, false) => Self::Signed,
            (false, true) => Self::Unsigned,
            _ => Self::Wide,
        };
        #[cfg(not(all(target_arch = "wasm32", feature = "relaxed-simd")))]
        Self::Wide
    }

    /// Difference between a code that the dot reads and the stored weight.
    pub fn offset(self) -> i32 {
        if self == Self::Unsigned { 128 } else { 0 }
    }
}

/// Writes the weights of a panel plus 128 to `codes`, which has the length of `panel`.
pub fn add_128(panel: &[u8], codes: &mut [u8]) {
    for (code, &weight) in codes.iter_mut().zip(panel) {
        *code = weight ^ 0x80;
    }
}
