//! The engine's calls: a loader makes a reranker or an embedder from files. Their jobs turn a query and documents into
//! scores, or texts into vectors.

mod batches;
mod config;
mod embedder;
mod embedding_job;
mod job;
mod loader;
mod model;
mod reranker;
mod score;

pub use config::sequence_limits;
pub use embedder::Embedder;
pub use embedding_job::{EmbeddedText, EmbeddingJob, Text};
pub use job::{Job, LongDocuments};
pub use loader::{Expectation, Loader};
pub use reranker::Reranker;
pub use score::{ScoredDocument, sigmoid};
