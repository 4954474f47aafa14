//! Files to a reranker, a query and documents to a ranked list.

mod config;
mod job;
mod loader;
mod ranking;
mod reranker;

pub use config::max_tokens;
pub use job::{Job, LongDocuments};
pub use loader::{Expectation, Loader};
pub use ranking::{RankedDocument, sigmoid};
pub use reranker::Reranker;
