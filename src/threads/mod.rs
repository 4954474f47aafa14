//! Threads that score together: whole documents side by side, and rows or heads of one document where threads would be idle.
//!
//! In WebAssembly a thread is a worker with an instance of its own on a memory that all share;
//! `pkg/src/instance/thread-pool.ts` starts them, and each calls [`serve`] until the pool ends. The pool belongs to the
//! memory, and so to one reranker; natively it belongs to the process and never ends. Builds without atomics have
//! `alone.rs` instead, where the caller does everything.
//!
//! - A [`Task`] is work that one thread does from beginning to end: a few documents. Nothing in it waits for other threads
//!   while every thread has a task.
//! - [`split`] lends parts of a task to threads that have nothing to do just then. A part writes to a place of its own, and
//!   what it computes does not depend on where the others begin: no schedule changes a bit of a result.
//! - Nobody answers for a thread that trapped, of its own or for lack of memory: it is said with `fail`, and whoever waits
//!   panics then.
//!
//! Not wasm-bindgen-rayon: who waits there for a thread that trapped waits for ever, its pool lives as long as the page,
//! and its workers load wasm-bindgen's ES module glue, which has one instance for all rerankers.

#[cfg(any(target_feature = "atomics", not(target_arch = "wasm32")))]
mod pool;
#[cfg(any(target_feature = "atomics", not(target_arch = "wasm32")))]
mod splitting;
#[cfg(any(target_feature = "atomics", not(target_arch = "wasm32")))]
mod task;
#[cfg(any(target_feature = "atomics", not(target_arch = "wasm32")))]
pub use self::{
    pool::{count, serve},
    splitting::{parts, split},
    task::Task,
};

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
pub use self::pool::{end, fail, out_of_memory};

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
mod alone;
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
pub use self::alone::{Task, count, parts, split};
