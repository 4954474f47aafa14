//! The exports to JavaScript. They hold no logic.

#[cfg(feature = "converter")]
mod converter;
#[cfg(not(feature = "converter"))]
mod embedder;
#[cfg(not(feature = "converter"))]
mod kernel_race;
#[cfg(not(feature = "converter"))]
mod loader;
#[cfg(not(feature = "converter"))]
mod reranker;

#[cfg(not(feature = "converter"))]
use js_sys::Function;
use js_sys::{Error as JsError, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::Error;

/// Installs a panic hook. A panic leaves the instance in an unknown state. The hook throws an error that says so
/// (`poisoned`), in place of the nameless trap.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        let error = coded(&panic.to_string(), panic_code(panic.payload_as_str()));
        set(&error, "poisoned", &JsValue::TRUE);
        wasm_bindgen::throw_val(error.into());
    }));
}

#[cfg(not(feature = "converter"))]
fn to_js(value: &impl serde::Serialize) -> Result<JsValue, Error> {
    serde_wasm_bindgen::to_value(value).map_err(|error| Error::Internal(error.to_string()))
}

/// A clock of JavaScript, in milliseconds.
#[cfg(not(feature = "converter"))]
fn clock(now: &Function) -> impl FnMut() -> f64 {
    || now.call0(&JsValue::UNDEFINED).ok().and_then(|time| time.as_f64()).unwrap_or(f64::NAN)
}

/// Returns the code for a panic. tract panics without memory, and so does a thread if another one lacks it.
fn panic_code(message: Option<&str>) -> &'static str {
    #[cfg(target_feature = "atomics")]
    if crate::threads::out_of_memory() {
        return "out_of_memory";
    }
    if message.is_some_and(|message| message.starts_with("failed to allocate")) { "out_of_memory" } else { "internal" }
}

/// Makes the calling worker a thread of the pool until `endThreads`, or until it fails.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen(js_name = serveThread)]
pub fn serve_thread() {
    crate::threads::serve();
}

/// Makes the threads leave the pool. Not every platform can end a worker that waits inside WebAssembly.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen(js_name = endThreads)]
pub fn end_threads() {
    crate::threads::end();
}

/// Reports the failure of a thread to the others, which may wait for it.
#[cfg(target_feature = "atomics")]
#[wasm_bindgen(js_name = threadFailed)]
pub fn thread_failed(out_of_memory: bool) {
    crate::threads::fail(out_of_memory);
}

fn set(error: &JsError, name: &str, value: &JsValue) {
    // Only a frozen object refuses a property, and this one is new.
    let _ = Reflect::set(error, &name.into(), value);
}

fn coded(message: &str, code: &str) -> JsError {
    let error = JsError::new(message);
    set(&error, "code", &code.into());
    error
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let coded = coded(&error.to_string(), error.code());
        if matches!(error, Error::UnsupportedForm { .. }) {
            set(&coded, "otherForm", &JsValue::TRUE);
        }
        coded.into()
    }
}
