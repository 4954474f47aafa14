//! Functions by the `libm` crate. Those of the host, and those that tract has for a processor, differ in the last bit.

use tract_core::internal::*;

/// An operator that applies a function of `libm` to each number.
macro_rules! by_libm {
    ($function:ident, $Operator:ident, $single:path, $double:path) => {
        tract_core::element_wise!($function, $Operator,
            [f32] => |_, values| {
                values.iter_mut().for_each(|value| *value = $single(*value));
                Ok(())
            },
            [f64] => |_, values| {
                values.iter_mut().for_each(|value| *value = $double(*value));
                Ok(())
            }
        );
    };
}

by_libm!(portable_cos, PortableCos, libm::cosf, libm::cos);
by_libm!(portable_exp, PortableExp, libm::expf, libm::exp);
by_libm!(portable_ln, PortableLn, libm::logf, libm::log);
by_libm!(portable_sin, PortableSin, libm::sinf, libm::sin);
