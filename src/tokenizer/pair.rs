//! Pairs for a cross-encoder. The post-processor sets their form, such as `<s> query </s></s> document </s>`.

use super::Tokenizer;
use crate::error::{Error, Result};

/// A query that is tokenised once for all its documents.
#[derive(Debug)]
pub struct Query {
    pub(super) ids: Vec<u32>,
    /// Most tokens of a document beside this query; at least one.
    pub(super) document_budget: usize,
}

impl Query {
    /// Returns the most tokens of a document beside this query; at least one.
    pub fn document_budget(&self) -> usize {
        self.document_budget
    }
}

/// The tokens of one (query, document) pair.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair {
    pub ids: Vec<u32>,
    /// The segment of each token; all 0 for XLM-RoBERTa.
    pub type_ids: Vec<u32>,
    /// True if the document was cut to fit.
    pub truncated: bool,
}

impl Tokenizer {
    /// Tokenises a query for pairs of at most `max_tokens` tokens, special tokens included.
    ///
    /// # Errors
    /// As [`Tokenizer::ids`]; `invalid_input` if the query, which is never cut, leaves no room for a document.
    pub fn query(&self, text: &str, max_tokens: usize) -> Result<Query> {
        let ids = self.ids(text)?;
        let special = self.special_tokens();
        match max_tokens.checked_sub(ids.len() + special) {
            Some(document_budget) if document_budget > 0 => Ok(Query { ids, document_budget }),
            _ => Err(Error::InvalidInput(format!(
                "the query has {} tokens and the pair {special} special tokens, which leaves no room for a document in \
                {max_tokens} tokens; shorten the query",
                ids.len()
            ))),
        }
    }

    /// Makes the pair of `query` and `document`. It cuts off the end of a document that does not fit.
    ///
    /// # Errors
    /// As [`Tokenizer::ids`]; `internal` if the tokenizer refuses the pair.
    pub fn pair(&self, query: &Query, document: &str) -> Result<Pair> {
        let mut document = self.first_ids(document, query.document_budget.saturating_add(1))?;
        let truncated = document.len() > query.document_budget;
        document.truncate(query.document_budget);
        self.join(&query.ids, &document, truncated)
    }

    /// Joins a query and a document.
    pub(super) fn join(&self, query: &[u32], document: &[u32], truncated: bool) -> Result<Pair> {
        let (ids, type_ids) = self.joined(query, document)?;
        Ok(Pair { ids, type_ids, truncated })
    }
}
