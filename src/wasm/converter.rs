//! The exports of the converter, declared for TypeScript in `pkg/src/cli/convert/converter-bindings.d.ts`. They are in
//! a separate WebAssembly file that no page loads.

use std::io::{self, Read, Seek, SeekFrom, Write};

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::convert::{self, File, Graphs, Options, Source};
use crate::engine::sequence_limits;
use crate::error::Error;
use crate::tokenizer::compact_form;

#[wasm_bindgen]
extern "C" {
    /// A file that can be read from any place.
    pub type InputFile;
    #[wasm_bindgen(method, getter)]
    fn size(this: &InputFile) -> f64;
    /// Fills `buffer` from `position` on and returns the number of bytes.
    #[wasm_bindgen(method, catch)]
    fn read(this: &InputFile, buffer: &mut [u8], position: f64) -> Result<usize, JsValue>;

    /// A file that is written from beginning to end.
    pub type OutputFile;
    #[wasm_bindgen(method, catch)]
    fn write(this: &OutputFile, bytes: &[u8]) -> Result<(), JsValue>;
}

/// A file and the place of the next read.
struct Input {
    file: InputFile,
    position: u64,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer, self.position as f64).map_err(failed)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for Input {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let position = match place {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => (self.file.size() as u64).checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

struct Output(OutputFile);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(failed)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Wraps the host's error about a file. The host still knows the original.
fn failed(error: JsValue) -> io::Error {
    io::Error::other(message(error))
}

fn message(error: JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}

/// Converts a model and writes the bundle to `output`. Returns the report as lines for people and as JSON. `open` opens
/// a file with weights by its name in the graph's folder. `progress` receives a stage, its finished units and all its
/// units.
#[wasm_bindgen(js_name = convertModel)]
#[allow(clippy::too_many_arguments)]
pub fn convert_model(
    name: &str,
    graph: InputFile,
    open: &Function,
    tokenizer: &[u8],
    config: &[u8],
    options: JsValue,
    sample: &str,
    output: OutputFile,
    progress: &Function,
) -> Result<Vec<String>, Error> {
    let mut options: Options =
        serde_wasm_bindgen::from_value(options).map_err(|error| Error::InvalidInput(error.to_string()))?;
    options.sample = convert::read_pairs(sample)?;
    let mut beside = |name: &str| {
        let file =
            open.call1(&JsValue::UNDEFINED, &name.into()).map_err(|error| Error::InvalidInput(message(error)))?;
        let file: Box<dyn File> = Box::new(Input { file: file.unchecked_into(), position: 0 });
        Ok(file)
    };
    let graph = Graphs::open(Input { file: graph, position: 0 }, &mut beside)?;
    let source = Source { name, graph, tokenizer, max_tokens: sequence_limits(config)?.max_tokens };
    let report = convert::convert_with(source, &options, &mut Output(output), &mut |stage, done, total| {
        // The work goes on even if the callback fails.
        let _ = progress.call3(&JsValue::UNDEFINED, &stage.name().into(), &done.into(), &total.into());
    })?;
    let json = serde_json::to_string(&report).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(vec![report.to_string(), json])
}

/// Returns the compact form of a `tokenizer.json`.
#[wasm_bindgen(js_name = convertTokenizer)]
pub fn convert_tokenizer(json: &[u8]) -> Result<Vec<u8>, Error> {
    compact_form(json)
}
