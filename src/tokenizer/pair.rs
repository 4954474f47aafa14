//! Pairs as a cross-encoder reads them: `<s> query </s></s> document </s>`, or whatever the post-processor says.

use super::Tokenizer;
use crate::error::{Error, Result};

/// A query, tokenised once for all its documents.
#[derive(Debug)]
pub struct Query {
    pub(super) ids: Vec<u32>,
    /// Tokens that a document may take beside this query; at least one.
    pub(super) document_budget: usize,
}

impl Query {
    /// Tokens that a document may take beside this query; at least one.
    pub fn document_budget(&self) -> usize {
        self.document_budget
    }
}

/// The tokens of one (query, document) pair.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair {
    pub ids: Vec<u32>,
    /// Segment of each token; all 0 for XLM-RoBERTa.
    pub type_ids: Vec<u32>,
    /// True where the document was cut to fit.
    pub truncated: bool,
}

impl Tokenizer {
    /// Tokenises a query for pairs of at most `max_tokens` tokens, special tokens included.
    ///
    /// # Errors
    /// As [`Tokenizer::ids`]; `invalid_input` where the query leaves no room for a document: it is never cut.
    pub fn query(&self, text: &str, max_tokens: usize) -> Result<Query> {
        let ids = self.ids(text)?;
        let special = self.special_tokens();
        match max_tokens.checked_sub(ids.len() + special) {
            Some(document_budget) if document_budget > 0 => Ok(Query { ids, document_budget }),
            _ => Err(Error::InvalidInput(format!(
                "the query takes {} tokens and the special tokens {special}, which leaves no room for a document in {max_tokens}",
                ids.len()
            ))),
        }
    }

    /// The pair of `query` and `document`; the end of a document that does not fit is cut off.
    ///
    /// # Errors
    /// As [`Tokenizer::ids`]; `internal` where the tokenizer refuses the pair.
    pub fn pair(&self, query: &Query, document: &str) -> Result<Pair> {
        let mut document = self.first_ids(document, query.document_budget.saturating_add(1))?;
        let truncated = document.len() > query.document_budget;
        document.truncate(query.document_budget);
        self.join(&query.ids, &document, truncated)
    }

    /// Puts query and document together.
    pub(super) fn join(&self, query: &[u32], document: &[u32], truncated: bool) -> Result<Pair> {
        let (ids, type_ids) = self.joined(query, document)?;
        Ok(Pair { ids, type_ids, truncated })
    }
}
