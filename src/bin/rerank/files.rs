//! Reading and writing of files for the commands.

use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use rerank_wasm::engine::{Expectation, Loader, Reranker};
use rerank_wasm::error::ModelFile;

/// Names of the graph in a model directory, in the order of search: with weights of int8, fp16 and fp32.
/// `pkg/src/files/hub/graph.ts` has the same list.
const GRAPH_NAMES: &[&[&str]] = &[
    &[
        "model_quantized.onnx",
        "model_int8.onnx",
        "model_uint8.onnx",
        "model_qint8_avx512_vnni.onnx",
        "model_qint8_avx512.onnx",
        "model_qint8_arm64.onnx",
        "model_quint8_avx2.onnx",
    ],
    &["model_fp16.onnx"],
    &["model.onnx"],
];

/// Folders of the graph in a model directory, in the order of search.
const GRAPH_FOLDERS: &[&str] = &["onnx", ""];

const CHUNK_BYTES: usize = 1 << 20;

/// Returns the lines of a file (`-` is standard input) without blank ones.
pub fn read_lines(file: &OsString) -> Result<Vec<String>, Box<dyn Error>> {
    let reader: Box<dyn BufRead> = if file == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| format!("{}: {error}", file.display()))?))
    };
    let lines = reader.lines().collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

/// Loads a model from a directory or a bundle.
pub fn load(model: &Path) -> Result<Reranker, Box<dyn Error>> {
    let mut loader = Loader::default();
    if model.is_file() {
        feed(&mut loader, ModelFile::Bundle, model)?;
    } else {
        // Find the graph first, so that the error for a directory without a model names the graph.
        let graph = find_graph(model)?;
        let config = model.join("config.json");
        if config.exists() {
            feed(&mut loader, ModelFile::Config, &config)?;
        }
        feed(&mut loader, ModelFile::Tokenizer, &model.join("tokenizer.json"))?;
        feed(&mut loader, ModelFile::Model, &graph)?;
        while let Some(path) = loader.next_data_file().map(|name| graph.with_file_name(name)) {
            feed(&mut loader, ModelFile::Data, &path)?;
        }
    }
    Ok(loader.finish()?)
}

fn feed(loader: &mut Loader, file: ModelFile, path: &Path) -> Result<(), Box<dyn Error>> {
    let size = usize::try_from(fs::metadata(path).map_err(|error| named(path, &error))?.len())?;
    loader.begin(file, Expectation { size: Some(size), ..Default::default() })?;
    read_chunks(path, |chunk| Ok(loader.push(chunk)?))?;
    Ok(loader.end()?)
}

/// Finds the graph of the model in a directory.
pub fn find_graph(directory: &Path) -> Result<PathBuf, Box<dyn Error>> {
    find_graph_in(directory, GRAPH_NAMES.iter())
}

/// Finds the graph, with float weights if there is one.
pub fn find_float_graph(directory: &Path) -> Result<PathBuf, Box<dyn Error>> {
    find_graph_in(directory, GRAPH_NAMES.iter().rev())
}

fn find_graph_in(
    directory: &Path,
    kinds: impl Iterator<Item = &'static &'static [&'static str]>,
) -> Result<PathBuf, Box<dyn Error>> {
    for names in kinds {
        for folder in GRAPH_FOLDERS {
            let mut paths = names.iter().map(|name| directory.join(folder).join(name));
            if let Some(path) = paths.find(|path| path.is_file()) {
                return Ok(path);
            }
        }
    }
    let found = format!("{}: the directory holds no graph with a usual name", directory.display());
    Err(format!("{found}; add one such as onnx/model_quantized.onnx or onnx/model.onnx").into())
}

/// Reads a file from beginning to end.
pub fn read_chunks(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut reader = File::open(path).map_err(|error| named(path, &error))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match reader.read(&mut chunk).map_err(|error| named(path, &error))? {
            0 => return Ok(()),
            length => take(&chunk[..length])?,
        }
    }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(fs::read(path).map_err(|error| named(path, &error))?)
}

/// Writes a file, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut files = Files::default();
    files.add(path.to_owned(), bytes)?;
    files.publish()
}

/// Files that are written beside their places and move there once all are complete. Dropping it removes the others.
#[derive(Default)]
pub struct Files(Vec<(PathBuf, PathBuf)>);

impl Files {
    pub fn add(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let mut partial = path.clone().into_os_string();
        partial.push(".partial");
        let written = fs::write(&partial, bytes).map_err(|error| named(&path, &error));
        self.0.push((partial.into(), path));
        Ok(written?)
    }

    pub fn publish(&mut self) -> Result<(), Box<dyn Error>> {
        for (partial, path) in &self.0 {
            fs::rename(partial, path).map_err(|error| named(path, &error))?;
        }
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for (partial, _) in &self.0 {
            let _ = fs::remove_file(partial);
        }
    }
}

/// Removes a file. Returns false if there is none.
pub fn remove(path: &Path) -> Result<bool, Box<dyn Error>> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(named(path, &error).into()),
    }
}

fn named(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
