//! Scores do not depend on the number of threads, nor on the work of each.

mod support;

use std::sync::Arc;
use std::thread::spawn;

use rerank_wasm::engine::{Expectation, Loader, LongDocuments, Reranker};
use rerank_wasm::error::ModelFile;
use rerank_wasm::threads;
use support::read;

fn tiny() -> Arc<Reranker> {
    let mut loader = Loader::default();
    for (file, path) in [
        (ModelFile::Tokenizer, "tests/fixtures/standin-tiny/tokenizer.json"),
        (ModelFile::Config, "tests/fixtures/standin-tiny/config.json"),
        (ModelFile::Model, "tests/fixtures/standin-tiny/onnx/model_quantized.onnx"),
    ] {
        loader.begin(file, Expectation::default()).unwrap();
        loader.push(&read(path)).unwrap();
        loader.end().unwrap();
    }
    Arc::new(loader.finish().unwrap())
}

/// Short and long documents, some in several windows.
fn documents(count: usize) -> Vec<String> {
    let words = ["river", "bank", "money", "water", "loan", "boat", "interest", "fish"];
    (0..count)
        .map(|index| (0..1 + index * 53 % 300).map(|word| words[(word * 7 + index) % 8]).collect::<Vec<_>>().join(" "))
        .collect()
}

fn bits(reranker: &Arc<Reranker>, documents: &[String]) -> Vec<(usize, u32, u64)> {
    let job = reranker.start("Where do boats go?", documents.to_vec(), None, LongDocuments::Chunk).unwrap();
    let scored = job.finish().unwrap();
    scored.iter().map(|it| (it.index, it.logit.to_bits(), it.score.to_bits())).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let reranker = tiny();
    // Many documents, fewer documents than threads, and one.
    let lists = [documents(16), documents(14).split_off(11), documents(14).split_off(13)];
    let alone: Vec<_> = lists.iter().map(|list| bits(&reranker, list)).collect();
    for wanted in [2, 3, 8] {
        while threads::count() < wanted {
            let before = threads::count();
            spawn(threads::serve);
            while threads::count() == before {
                std::thread::yield_now();
            }
        }
        for (list, alone) in lists.iter().zip(&alone) {
            assert_eq!(bits(&reranker, list), *alone, "{wanted} threads");
        }
    }
    jobs_that_are_dropped_leave_the_threads_to_others(&reranker, &lists[0], &alone[0]);
}

fn jobs_that_are_dropped_leave_the_threads_to_others(
    reranker: &Arc<Reranker>,
    list: &[String],
    alone: &[(usize, u32, u64)],
) {
    for steps in 0..4 {
        let start = || reranker.start("another query", list.to_vec(), None, LongDocuments::Chunk).unwrap();
        let mut abandoned = start();
        for _ in 0..steps {
            abandoned.step().unwrap();
        }
        drop(abandoned);
    }
    assert_eq!(bits(reranker, list), alone);
}
