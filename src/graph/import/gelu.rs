//! GELU by tanh, on the crate's kernel. tract's differs between processors in the last bit.

use tract_core::internal::*;

use crate::kernels::functions::gelu;

tract_core::element_wise!(gelu_tanh, GeluTanh,
    [f32] => |_, values| {
        gelu::gelu_tanh(values);
        Ok(())
    }
);
