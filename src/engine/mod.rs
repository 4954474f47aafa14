//! The engine's calls: a loader makes a reranker from files, and its jobs turn a query and documents into scores.

mod config;
mod job;
mod loader;
mod reranker;
mod score;

pub use config::sequence_limits;
pub use job::{Job, LongDocuments};
pub use loader::{Expectation, Loader};
pub use reranker::Reranker;
pub use score::{ScoredDocument, sigmoid};
