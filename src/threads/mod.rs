//! Threads that score together: whole documents side by side, and rows or heads of one document while threads are idle.
//!
//! In WebAssembly a thread is a worker with an instance on shared memory. `pkg/src/instance/thread-pool.ts` starts it,
//! and it calls [`serve`] until the pool ends. The pool belongs to the memory, and so to one reranker. Natively it
//! belongs to the process and never ends. Builds without atomics have `alone.rs` instead, where the caller does all
//! work.
//!
//! - A [`Task`] is work that one thread does from beginning to end: a few documents. It waits for no other thread while
//!   every thread has a task.
//! - [`split`] lends parts of a task to idle threads. Each part writes to a separate place, and its result does not
//!   depend on where the other parts begin. So no schedule changes a bit of a result.
//! - A thread that traps cannot report it. JavaScript calls `fail` for it, and every thread that waits then panics.
//!
//! wasm-bindgen-rayon does not fit: a thread that waits for a trapped one waits for ever. Its pool lives as long as the
//! page, and its workers load wasm-bindgen's ES module glue, which has one instance for all rerankers.

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
