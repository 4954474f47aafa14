//! Time and memory of loading a model of bge-reranker-base's size, made by `scripts/standin.sh base`. Run with
//! `cargo test --release --test onnx_speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use rerank_wasm::onnx::Parser;

const CHUNK_BYTES: usize = 1 << 20;

/// Peak resident memory of this process in bytes.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
#[ignore = "needs a file of 279 MB"]
fn parsing_and_packing_takes_half_a_second_and_little_more_than_the_model() {
    let home = std::env::var("HOME").unwrap();
    let path = format!("{home}/.cache/rerank-wasm/standin-base/onnx/model_quantized.onnx");
    let size = std::fs::metadata(&path).unwrap().len();
    let mut times: Vec<Duration> = Vec::new();
    let mut peak = 0;
    for _ in 0..5 {
        let mut file = std::fs::File::open(&path).unwrap();
        let mut parser = Parser::new(Some(size));
        let mut chunk = vec![0; CHUNK_BYTES];
        let before = peak_memory();
        let mut time = Duration::ZERO;
        loop {
            let length = std::io::Read::read(&mut file, &mut chunk).unwrap();
            if length == 0 {
                break;
            }
            let start = Instant::now();
            parser.push(&chunk[..length]).unwrap();
            time += start.elapsed();
        }
        let start = Instant::now();
        let model = parser.finish().unwrap();
        times.push(time + start.elapsed());
        if peak == 0 {
            peak = peak_memory() - before;
            println!("{size} bytes: {} of weights, {} of graph", model.weights.bytes(), model.graph.len());
        }
    }
    times.sort();
    println!("{times:?}, {} bytes of memory above the file's", peak as i64 - size as i64);
    assert!(times[2] < Duration::from_millis(500));
    assert!(peak as u64 <= size + size / 20);
}
