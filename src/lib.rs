//! # rerank-wasm, the engine
//!
//! A cross-encoder reranker (BAAI/bge-reranker-base, int8 ONNX) on [tract](https://docs.rs/tract-core), compiled to
//! WebAssembly for web pages, workers and edge functions: it scores documents against a query, and no text leaves the machine.
//! The npm package around it is in `pkg/`; `docs/architecture.md` has the map of both.
//!
//! ## The way of a call
//!
//! 1. [`engine::Loader`] takes the model's files in chunks, checks size and hash, and makes an [`engine::Reranker`]. The
//!    chunks of the ONNX file go through [`onnx::Parser`], which puts each big weight where it stays while it arrives; those
//!    of a bundle go through [`bundle::BundleReader`], whose weights are packed already.
//! 2. [`engine::Reranker::start`] tokenises the query and gives an [`engine::Job`].
//! 3. Each [`engine::Job::step`] makes one (query, document) pair, or a few short ones ([`tokenizer`]), and runs them
//!    through the network ([`graph`]), unpadded. Between steps the caller reports progress or drops the job, which cancels
//!    it. Where there are threads, other batches of pairs are scored beside it ([`threads`]).
//! 4. [`engine::Job::scored`] hands the scores out; JavaScript ranks them.
//!
//! ## Rooms
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 6 | `wasm/` | what JavaScript sees, without logic: the engine or, for Node, the converter |
//! | 6 | `bin/rerank/` | the native command line |
//! | 5 | `engine/` | loader, reranker, jobs and their scores |
//! | 5 | `convert/` | the converter: vocabulary, `float/` for files with float weights, `rounding/` |
//! | 4 | `bundle/` | a model in one file: manifest, reader, writer |
//! | 3 | `graph/` | the network, and all that names tract: `import/` reads ONNX operators, `fuse/` puts ours in their place, `run/` loads and runs |
//! | 3 | `tokenizer/` | text to ids: `file/` reads both forms, `sentence_piece/` and `unigram/` are ours, `hugging_face/` runs all other tokenizers |
//! | 2 | `onnx/` | push parser for a file that arrives in chunks, `schema/`, and the store of its weights |
//! | 1 | `kernels/` | numbers only: `lanes/`, `functions/`, `linear/`, `attention/`, and the float `reference` |
//! | 1 | `threads/` | documents side by side, and parts of one where threads are idle |
//! | 1 | `error`, `memory`, `hexadecimal` | the one error, allocation that can fail, digests as text |
//!
//! Imports go downward only, and no two files import each other. Only `graph` names tract, only `wasm` names wasm_bindgen and
//! js_sys; `unsafe` and `cfg(target_arch)` stand in `kernels` and `threads`, the latter also at the gate of `wasm`.
//! `scripts/imports/rust.mjs` checks all of it; its table says who may import whom.
//!
//! ## What holds
//!
//! - A score depends on its own pair and nothing else: no padding, no batch-mates. Where the graph is fused, as the
//!   published model's is, it is the same bits in every build: all sums are of integers or in a fixed order, and `exp`,
//!   `erf` and `tanh` are ours.
//! - A big weight is in memory once, in the form its kernel reads.
//! - A graph that the rewrites do not know runs on tract's own operators and gives the same answers, more slowly.
//! - A file is used only after its size and hash were found to be right, where they are known.
//! - A model takes memory for bytes that came or, by the size that the caller or the server told, are to come; never for
//!   what its own fields claim, but for one part of a bundle, up to 32 MiB.
//! - Bad input gets an [`error::Error`] with a stable code. A panic is a defect; `wasm` turns it into an error that
//!   tells JavaScript to drop the instance.

pub mod bundle;
pub mod convert;
pub mod engine;
pub mod error;
pub mod graph;
pub mod hexadecimal;
pub mod kernels;
mod memory;
pub mod onnx;
pub mod threads;
pub mod tokenizer;
#[cfg(target_arch = "wasm32")]
mod wasm;
