//! What a file, a graph or a call is refused with: each sentence as a user reads it.

#[cfg(feature = "cli")]
mod arguments;
mod bundles;
mod calls;
mod conversions;
mod files;
mod graphs;
mod kinds;
mod operators;
#[path = "../support/mod.rs"]
mod support;
mod tokenizers;
