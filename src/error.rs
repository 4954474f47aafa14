//! The one error of the crate. Its [`code`](Error::code) is what JavaScript shows and never changes its meaning.

/// Name of a model file in messages: the role it plays, not its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFile {
    Model,
    Tokenizer,
    Config,
    /// All of a model in one file.
    Bundle,
}

impl ModelFile {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tokenizer => "tokenizer",
            Self::Config => "config",
            Self::Bundle => "bundle",
        }
    }

    /// The file that plays the role called `name`.
    ///
    /// # Errors
    /// `invalid_input` where no role has that name.
    pub fn from_name(name: &str) -> Result<Self> {
        let files = [Self::Model, Self::Tokenizer, Self::Config, Self::Bundle];
        files.into_iter().find(|file| file.name() == name).ok_or_else(|| {
            Error::InvalidInput(format!("{name:?} is not a model file; model, tokenizer, config and bundle are"))
        })
    }
}

impl std::fmt::Display for ModelFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What memory is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryUse {
    File(ModelFile),
    /// The tokens of a query or a document, and what it takes to find them.
    Text,
}

impl std::fmt::Display for MemoryUse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "of the {file} file"),
            Self::Text => formatter.write_str("to tokenise a text"),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument has the wrong value.
    #[error("{0}")]
    InvalidInput(String),
    /// A file is not the one that was expected.
    #[error("{file} file: {reason}")]
    IntegrityMismatch { file: ModelFile, reason: String },
    /// A file is damaged.
    #[error("{file} file: {reason}")]
    InvalidModel { file: ModelFile, reason: String },
    /// A sound file of a kind that this engine does not run.
    #[error("{file} file: {reason}")]
    UnsupportedModel { file: ModelFile, reason: String },
    #[error("no memory for {bytes} bytes {purpose}")]
    OutOfMemory { purpose: MemoryUse, bytes: usize },
    /// What the code holds to be impossible.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The stable code, one of `rerankErrorCodes` in `pkg/src/common/errors.ts`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidInput(_) => "invalid_input",
            Self::IntegrityMismatch { .. } => "integrity_mismatch",
            Self::InvalidModel { .. } => "invalid_model",
            Self::UnsupportedModel { .. } => "unsupported_model",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Internal(_) => "internal",
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;
