//! The reader of weights in files beside the graph. After the graph, these files arrive one by one in chunks, and each
//! weight goes straight to its final place.

use super::OnnxModel;
use super::external::ExternalTensor;
use super::filling::Filling;
use super::refusal::{invalid, unsupported};
use super::remainder::Remainder;
use crate::error::{Error, Result};

/// Most files with weights beside a graph. Exporters write one, or one for each tensor.
const MAX_FILES: usize = 512;

/// A model that has its complete graph. Its weights arrive in further files.
#[derive(Debug)]
pub struct ExternalReader {
    remainder: Remainder,
    /// In the order of reading: file by file, then by offset.
    tensors: Vec<ExternalTensor>,
    /// Number of tensors that are complete.
    complete: usize,
    /// The file that is being read.
    current: Option<CurrentFile>,
}

#[derive(Debug)]
struct CurrentFile {
    /// Number of bytes received.
    position: u64,
    /// Size in bytes that the caller announced, or 0.
    announced: u64,
    /// The model before this file, to return to.
    first: usize,
    graph_length: usize,
    /// The current tensor, once its first byte is due.
    arriving: Option<Arriving>,
}

/// A tensor while its data arrives.
#[derive(Debug)]
enum Arriving {
    Weight(Box<Filling>),
    /// The data is appended to the graph.
    Kept,
}

impl ExternalReader {
    /// # Errors
    /// `invalid_model` for tensors that share bytes of a file, `unsupported_model` for more than [`MAX_FILES`].
    pub fn new(remainder: Remainder, mut tensors: Vec<ExternalTensor>) -> Result<Self> {
        tensors
            .sort_by(|one, other| (&one.file, one.offset, one.length).cmp(&(&other.file, other.offset, other.length)));
        let mut files = 1;
        for pair in tensors.windows(2) {
            let [one, other] = pair else { continue };
            files += usize::from(one.file != other.file);
            if one.file == other.file && one.end() > other.offset {
                return Err(invalid(format!(
                    "the tensors {:?} and {:?} overlap in the file {:?}; each must have bytes that no other has",
                    one.name, other.name, one.file
                )));
            }
        }
        if files > MAX_FILES {
            return Err(unsupported(format!(
                "the weights of the model are in {files} files; the engine reads at most {MAX_FILES}: save them in one \
                 file beside the graph"
            )));
        }
        Ok(Self { remainder, tensors, complete: 0, current: None })
    }

    /// Returns the name of the next file; `None` once all have arrived.
    pub fn next_file(&self) -> Option<&str> {
        self.tensors.get(self.complete).map(|tensor| &*tensor.file)
    }

    /// The failure if the next file does not come.
    pub fn missing(&self) -> Error {
        let file = self.next_file().unwrap_or_default();
        unsupported(format!("the weights of the model are in the file {file:?}, which did not come with it"))
    }

    /// Begins the [next file](Self::next_file). `size` is its size in bytes, if known. By `likely_size` the reader
    /// reserves memory, but another size is no error.
    ///
    /// # Errors
    /// `invalid_model` if it is too short for its tensors; `out_of_memory`.
    pub fn begin(&mut self, size: Option<u64>, likely_size: Option<u64>) -> Result<()> {
        if let Some(size) = size {
            self.check_length(size)?;
        }
        let announced = size.or(likely_size).unwrap_or(0);
        let graph_length = self.remainder.graph_length();
        self.remainder.reserve_for_initializers(self.bytes_of_graph()?.min(announced))?;
        self.current = Some(CurrentFile { position: 0, announced, first: self.complete, graph_length, arriving: None });
        Ok(())
    }

    /// Checks that all tensors of the next file lie within it.
    fn check_length(&self, size: u64) -> Result<()> {
        let file = self.next_file();
        let mut here = self.tensors[self.complete..].iter().take_while(|tensor| Some(&*tensor.file) == file);
        match here.find(|tensor| tensor.end() > size) {
            Some(tensor) => Err(tensor.beyond(size)),
            None => Ok(()),
        }
    }

    /// Counts the bytes of the next file that go to the graph.
    fn bytes_of_graph(&self) -> Result<u64> {
        let mut bytes = 0u64;
        for tensor in self.tensors[self.complete..].iter().take_while(|it| Some(&*it.file) == self.next_file()) {
            if self.remainder.plan(&tensor.fields, tensor.length)?.is_none() {
                bytes = bytes.saturating_add(tensor.length);
            }
        }
        Ok(bytes)
    }

    /// Takes the next bytes of the file. Bytes between tensors are skipped.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn push(&mut self, mut chunk: &[u8]) -> Result<()> {
        let Self { remainder, tensors, complete, current: Some(current) } = self else { return Err(no_file()) };
        let file = tensors.get(current.first).map(|tensor| &tensor.file);
        loop {
            let next = tensors.get(*complete).filter(|tensor| Some(&tensor.file) == file);
            let Some(tensor) = next else {
                current.position += chunk.len() as u64;
                return Ok(());
            };
            if current.position < tensor.offset {
                let gap = chunk.len().min(usize::try_from(tensor.offset - current.position).unwrap_or(usize::MAX));
                current.position += gap as u64;
                chunk = &chunk[gap..];
                if current.position < tensor.offset {
                    return Ok(());
                }
            }
            if current.arriving.is_none() {
                current.arriving = Some(Arriving::begin(tensor, current.announced, remainder)?);
            }
            let taken = chunk.len().min(usize::try_from(tensor.end() - current.position).unwrap_or(usize::MAX));
            match &mut current.arriving {
                Some(Arriving::Weight(filling)) => filling.push(&chunk[..taken])?,
                _ => remainder.append_to_graph(&chunk[..taken])?,
            }
            current.position += taken as u64;
            chunk = &chunk[taken..];
            if current.position < tensor.end() {
                return Ok(());
            }
            if let Some(Arriving::Weight(filling)) = current.arriving.take() {
                remainder.weight_arrived(&tensor.name, filling.finish()?);
            }
            *complete += 1;
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// `invalid_model` if it was too short for its tensors.
    pub fn end(&mut self) -> Result<()> {
        // The last tensor may be empty.
        self.push(&[])?;
        let Some(current) = self.current.take() else { return Err(no_file()) };
        let Some(tensor) = self.tensors.get(self.complete) else { return Ok(()) };
        if tensor.file != self.tensors[current.first].file {
            return Ok(());
        }
        let error = tensor.beyond(current.position);
        self.current = Some(current);
        Err(error)
    }

    /// Forgets the file that was begun last, so that it can come again.
    pub fn rewind(&mut self) {
        let Some(current) = self.current.take() else { return };
        for tensor in &self.tensors[current.first..self.complete] {
            self.remainder.forget_weight(&tensor.name);
        }
        self.remainder.cut_graph(current.graph_length);
        self.complete = current.first;
    }

    /// Returns the model once all files have arrived.
    ///
    /// # Errors
    /// `unsupported_model` if a file did not come; `out_of_memory`; `invalid_model` for 8-bit data with values beyond 8
    /// bits.
    pub fn finish(self) -> Result<OnnxModel> {
        match self.next_file() {
            Some(_) => Err(self.missing()),
            None => self.remainder.finish(),
        }
    }
}

impl Arriving {
    fn begin(tensor: &ExternalTensor, announced: u64, remainder: &mut Remainder) -> Result<Self> {
        if let Some(plan) = remainder.plan(&tensor.fields, tensor.length)? {
            // Only bytes that the caller announced are allocated ahead.
            return Ok(Self::Weight(Box::new(Filling::new(plan, tensor.end() <= announced)?)));
        }
        remainder.begin_initializer(&tensor.fields, tensor.length)?;
        Ok(Self::Kept)
    }
}

fn no_file() -> Error {
    Error::Internal("the caller began no file with weights".to_owned())
}
