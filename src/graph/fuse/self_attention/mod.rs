//! Attention of a sequence to itself, with the linear layers of its queries, keys and values, a few heads at a time.
//!
//! A head does not read the others. So a thread needs no memory for queries, keys and values of all heads, which is
//! three times the hidden state. Threads that share a sequence take heads: each reads only its part of the weights and
//! prepares its keys once.

mod heads;
mod operator;
mod rule;

pub use operator::SelfAttention;
pub use rule::fuse;
