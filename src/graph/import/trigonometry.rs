//! Cosine and sine by the `libm` crate. Those of the host differ between systems in the last bit.

use tract_core::internal::*;

tract_core::element_wise!(portable_cos, PortableCos,
    [f32] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::cosf(*value));
        Ok(())
    },
    [f64] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::cos(*value));
        Ok(())
    }
);

tract_core::element_wise!(portable_sin, PortableSin,
    [f32] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::sinf(*value));
        Ok(())
    },
    [f64] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::sin(*value));
        Ok(())
    }
);
