//! Hyperbolic tangent on our own kernel: tract's differs from one processor to another in the last bit.

use tract_core::internal::*;

use crate::kernels::functions::tanh::tanh;

tract_core::element_wise!(portable_tanh, PortableTanh,
    [f32] => |_, values| {
        tanh(values);
        Ok(())
    }
);
