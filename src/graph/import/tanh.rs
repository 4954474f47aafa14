//! Hyperbolic tangent on the crate's kernel. tract's differs between processors in the last bit.

use tract_core::internal::*;

use crate::kernels::functions::tanh::tanh;

tract_core::element_wise!(portable_tanh, PortableTanh,
    [f32] => |_, values| {
        tanh(values);
        Ok(())
    }
);
