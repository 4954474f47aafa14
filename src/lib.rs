//! # rerank-wasm, the engine
//!
//! A cross-encoder reranker (BAAI/bge-reranker-base, int8 ONNX) on [tract](https://docs.rs/tract-core), compiled to
//! WebAssembly for web pages, workers and edge functions. It scores documents against a query, and no text leaves the
//! machine. The npm package around it is in `pkg/`; `docs/architecture.md` has the map of both.
//!
//! ## The way of a call
//!
//! 1. [`engine::Loader`] receives the model's files in chunks, checks size and hash, and builds an
//!    [`engine::Reranker`]. [`onnx::Parser`] reads an ONNX file and packs each big weight in its final place while it
//!    arrives. [`bundle::BundleReader`] reads a bundle, which holds weights that are packed already.
//! 2. [`engine::Reranker::start`] tokenises the query and returns an [`engine::Job`].
//! 3. Each [`engine::Job::step`] encodes one (query, document) pair, or a few short ones ([`tokenizer`]). It runs them
//!    through the network ([`graph`]), unpadded. Between steps the caller reports progress, or drops the job to cancel
//!    it. Threads score other batches of pairs at the same time ([`threads`]).
//! 4. [`engine::Job::scored`] returns the scores; JavaScript ranks them.
//!
//! An [`engine::Embedder`] works alike: an [`engine::EmbeddingJob`] turns texts into unit vectors.
//!
//! ## Rooms
//!
//! | floor | room | what it holds |
//! | --- | --- | --- |
//! | 6 | `wasm/` | what JavaScript sees, without logic: the engine or, for Node, the converter |
//! | 6 | `bin/rerank/` | the native command line |
//! | 5 | `engine/` | loader, reranker, embedder, jobs, their scores and vectors |
//! | 5 | `convert/` | the converter: vocabulary, `float/` for files with float weights, `rounding/` |
//! | 4 | `bundle/` | a model in one file: manifest, reader, writer |
//! | 3 | `graph/` | the network, and all that names tract: `import/` reads ONNX operators, `fuse/` puts ours in their place, `run/` loads and runs |
//! | 3 | `tokenizer/` | text to ids: `file/` reads both forms, `sentence_piece/` and `unigram/` are ours, `hugging_face/` runs all other tokenizers |
//! | 2 | `onnx/` | push parser for a file that arrives in chunks, `schema/`, and the store of its weights |
//! | 1 | `kernels/` | numbers only: `lanes/`, `functions/`, `linear/` on integers, `float_linear`, `attention/`, and the `reference` |
//! | 1 | `threads/` | documents side by side, and parts of one where threads are idle |
//! | 1 | `error`, `memory`, `hexadecimal` | the one error, allocation that can fail, digests as text |
//! | 1 | `foreign` | what often lies in the place of a model's file |
//!
//! Imports go downward only, and no two files import each other. Only `graph` names tract; only `wasm` names
//! wasm_bindgen and js_sys. `unsafe` and `cfg(target_arch)` stand in `kernels` and `threads`; the gate of `wasm` has
//! the latter too. `scripts/imports/rust.mjs` checks all of it; its table says who may import whom.
//!
//! ## What holds
//!
//! - A score depends on its pair alone: no padding, no batch-mates. A fused graph, as the published model's is, gives
//!   the same bits in every build. Its sums are of integers or in a fixed order. `exp`, `erf` and `tanh` are ours; sines
//!   and cosines are `libm`'s.
//! - Memory holds a big weight once, in the form that its kernel reads.
//! - What loads, runs: the loader runs the shortest pair, and rehearses the longest one without its arithmetic.
//! - A graph that the rewrites do not know runs on tract's operators. It gives the same answers, more slowly.
//! - A file with a known size and hash is used only after both were verified.
//! - Memory is allocated for received bytes, or for the size that the caller or the server announced. Sizes inside a
//!   model file are never trusted, except that of one part of a bundle, at most 32 MiB.
//! - Bad input returns an [`error::Error`] with a stable code. A panic is a defect; `wasm` turns it into an error that
//!   makes JavaScript drop the instance.

pub mod bundle;
pub mod convert;
pub mod engine;
pub mod error;
mod foreign;
pub mod graph;
pub mod hexadecimal;
pub mod kernels;
mod memory;
pub mod onnx;
pub mod threads;
pub mod tokenizer;
#[cfg(target_arch = "wasm32")]
mod wasm;
