//! Functions of one number, or of one row of them.

pub mod exp;
pub mod gelu;
pub mod layer_norm;
pub mod rotary;
pub(super) mod softmax;
pub mod tanh;
