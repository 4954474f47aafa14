//! Functions by the `libm` crate. Those of the host, and those that tract has for a processor, differ in the last bit.

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

tract_core::element_wise!(portable_exp, PortableExp,
    [f32] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::expf(*value));
        Ok(())
    },
    [f64] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::exp(*value));
        Ok(())
    }
);

tract_core::element_wise!(portable_ln, PortableLn,
    [f32] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::logf(*value));
        Ok(())
    },
    [f64] => |_, values| {
        values.iter_mut().for_each(|value| *value = libm::log(*value));
        Ok(())
    }
);
