//! The error of the whole crate. JavaScript shows its [`code`](Error::code), which never changes its meaning.

/// A file of a model, named in messages by its role rather than by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFile {
    Model,
    /// Weights of the model in a file beside its graph.
    Data,
    Tokenizer,
    Config,
    /// A whole model in one file.
    Bundle,
}

impl ModelFile {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Data => "data",
            Self::Tokenizer => "tokenizer",
            Self::Config => "config",
            Self::Bundle => "bundle",
        }
    }

    /// Finds the file with the role called `name`.
    ///
    /// # Errors
    /// `invalid_input` if no role has that name.
    pub fn from_name(name: &str) -> Result<Self> {
        let files = [Self::Model, Self::Data, Self::Tokenizer, Self::Config, Self::Bundle];
        files.into_iter().find(|file| file.name() == name).ok_or_else(|| {
            Error::InvalidInput(format!(
                "no model file is called {name:?}; the names are model, data, tokenizer, config and bundle"
            ))
        })
    }
}

impl std::fmt::Display for ModelFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The purpose of memory that could not be allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryUse {
    File(ModelFile),
    /// The tokens of a query or a document, with the scratch memory of the tokenizer.
    Text,
    /// The race of the kernels.
    Kernels,
}

impl std::fmt::Display for MemoryUse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "for the {file} file"),
            Self::Text => formatter.write_str("to tokenise a text"),
            Self::Kernels => formatter.write_str("to measure its kernels"),
        }
    }
}

const WORKING_FORMS: &str = "the forms that work are int8 by dynamic quantisation (DynamicQuantizeLinear, in most \
                             repositories model_quantized.onnx) or static (QDQ), fp16 and fp32 (model.onnx)";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument has the wrong value.
    #[error("{0}")]
    InvalidInput(String),
    /// A file differs from the expected one in size or hash.
    #[error("{file} file: {reason}; correct the expected value, or replace the file")]
    IntegrityMismatch { file: ModelFile, reason: String },
    /// A file is damaged.
    #[error("{file} file: {reason}; replace it with a sound copy")]
    InvalidModel { file: ModelFile, reason: String },
    /// A file is sound, but this engine does not run its kind.
    #[error("{file} file: {reason}")]
    UnsupportedModel { file: ModelFile, reason: String },
    /// The model comes in a form that this engine does not run, and another form of it may run.
    #[error("{file} file: {reason}; {WORKING_FORMS}")]
    UnsupportedForm { file: ModelFile, reason: String },
    #[error("the instance could not allocate {bytes} bytes {purpose}; use a smaller model or shorter texts")]
    OutOfMemory { purpose: MemoryUse, bytes: usize },
    /// The code reached a state that it considers impossible.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Returns the stable code, one of `rerankErrorCodes` in `pkg/src/common/errors.ts`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidInput(_) => "invalid_input",
            Self::IntegrityMismatch { .. } => "integrity_mismatch",
            Self::InvalidModel { .. } => "invalid_model",
            Self::UnsupportedModel { .. } | Self::UnsupportedForm { .. } => "unsupported_model",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Internal(_) => "internal",
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;
