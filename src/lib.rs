//! # rerank-wasm, the engine
//!
//! A cross-encoder reranker (BAAI/bge-reranker-base, int8 ONNX) on [tract](https://docs.rs/tract-core), compiled to
//! WebAssembly for web pages, workers and edge functions: `rerank(query, documents)` returns the documents best first, and
//! no text leaves the machine. The npm package around it is in `pkg/`.
//!
//! ## The way of a call
//!
//! 1. [`engine::Loader`] takes the model's files in chunks, checks size and hash, and makes an [`engine::Reranker`]. The
//!    chunks of the ONNX file go through [`onnx::Parser`], which puts each big weight where it stays while it arrives; those
//!    of a bundle go through [`bundle::BundleReader`], whose weights are packed already.
//! 2. [`engine::Reranker::start`] tokenises the query and gives an [`engine::Job`].
//! 3. Each [`engine::Job::step`] makes one (query, document) pair, or a few short ones ([`tokenizer`]), and runs them
//!    through the network ([`graph`]), unpadded. Between steps the caller reports progress or drops the job, which cancels
//!    it. Where there are threads, other groups of pairs are scored beside it ([`threads`]).
//! 4. [`engine::Job::finish`] ranks by logit, ties by index.
//!
//! ## Map
//!
//! | path | what it holds |
//! | --- | --- |
//! | `src/error.rs` | the one error; its codes are those that JavaScript shows |
//! | `src/kernels/` | numbers only: packed weights, their stored form and that of four bits, int8 linear layers, attention, layer norm, GELU, quantisation; linear layers and attention on floats, too; `tile/` has the dot products, one file for each instruction set |
//! | `src/bundle/` | a model in one file: manifest, reader, writer |
//! | `src/convert/` | what `rerank convert` and `npx rerank-wasm convert` do: fewer pieces, float weights to integers, four bits where they cost least |
//! | `src/onnx/` | push parser for an ONNX file that arrives in chunks, its checks, and the weight store that it fills |
//! | `src/graph/` | the network, and everything that names tract: loading, running, `rewrite.rs` and one file for each fused operator; `graph/operators/`: the ONNX operators it reads |
//! | `src/tokenizer/` | `tokenizer.json` and its compact form, read as they come; the unigram model; XLM-RoBERTa's normaliser and pre-tokeniser, ours too, with the `tokenizers` crate's ids; pairs, truncation, windows; all other tokenizers are the crate's |
//! | `src/threads/` | threads: whole documents side by side, and parts of one where threads are idle |
//! | `src/engine/` | loader, reranker, jobs, ranking |
//! | `src/wasm.rs`, `src/wasm/` | what JavaScript sees; no logic: the reranker or, in an artifact for Node, the converter |
//! | `src/bin/rerank/` | native command line |
//! | `pkg/src/` | the npm package: entries for browsers, Node, Deno, Bun, workerd and edge-light, model registry, download, cache, worker; `edge/`, the HTTP handler; `cli/`, `npx rerank-wasm`; `adapters/`, for other libraries |
//! | `pkg/mini/` | the npm package `rerank-wasm-mini`: a small model with the same graph |
//! | `models/mini/` | how that model is made (`recipe/`) and what it is measured by (`eval/`) |
//! | `www/` | the demo page; it imports the package and nothing else |
//! | `fuzz/` | cargo-fuzz targets for what reads a file, a workspace of their own |
//! | `tests/` | Rust integration tests; `tests/kernels`, the kernels alone, to test them in WebAssembly; `tests/js` for Node, Chromium and workerd, `tests/everywhere` for other browsers and runtimes, bundlers and wrangler; `tests/fixtures` |
//! | `bench/` | `make bench`: measurements beside onnxruntime-web and transformers.js; the stand-in of bge-reranker-base's size |
//! | `scripts/` | what the Makefile calls: set-up, build, tests, demo |
//!
//! ## Who may import whom
//!
//! Downward only: `wasm` and `bin` → `convert`, `engine`; `engine` → `bundle`, `graph`, `onnx`, `tokenizer`; `convert` →
//! `bundle`, `graph`, `kernels`, `onnx`, `tokenizer`; `bundle` → `onnx`, `tokenizer`, `kernels`; `graph` → `onnx`, `kernels`;
//! `onnx` → `kernels::linear`; `wasm`, `engine` and `graph` → `threads`; everything → `error`. Only `graph` names tract, only
//! `wasm` names wasm_bindgen and js_sys, `unsafe` stands in `kernels` and `threads`, and
//! `cfg(target_arch)` stands there and at the gate of `wasm`.
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
