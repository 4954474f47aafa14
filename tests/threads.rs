//! Scores do not depend on the number of threads, nor on the work of each.

mod support;

use std::sync::Arc;
use std::thread::spawn;

use rerank_wasm::engine::{LongDocuments, Reranker};
use rerank_wasm::threads;
use support::read;

fn tiny() -> Arc<Reranker> {
    let [model, tokenizer, config] =
        ["onnx/model_quantized.onnx", "tokenizer.json", "config.json"].map(|file| format!("standin-tiny/{file}"));
    load([&model, &tokenizer].map(|file| fixture(file)), &fixture(&config))
}

/// The graph of a family, which takes 64 tokens.
fn family(name: &str) -> Arc<Reranker> {
    let graph = format!("families/{name}.onnx");
    load([&graph, "tokenizers/wordpiece.json"].map(fixture), br#"{"max_position_embeddings": 64}"#)
}

fn fixture(file: &str) -> Vec<u8> {
    read(&format!("tests/fixtures/{file}"))
}

fn load([model, tokenizer]: [Vec<u8>; 2], config: &[u8]) -> Arc<Reranker> {
    support::load(&model, &tokenizer, config, 1 << 20).unwrap()
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
    let families = ["modernbert-5-torchscript-sdpa-web", "bert-5-torchscript-sdpa-fp32"];
    let by_distance = ["deberta-v2-5-torchscript-eager-web", "mpnet-5-torchscript-eager-web"];
    let rerankers: Vec<_> = [tiny()].into_iter().chain(families.into_iter().chain(by_distance).map(family)).collect();
    // Many documents, fewer documents than threads, and one.
    let lists = [documents(16), documents(14).split_off(11), documents(14).split_off(13)];
    let cases: Vec<_> = rerankers
        .iter()
        .flat_map(|reranker| lists.each_ref().map(|list| (reranker, list, bits(reranker, list))))
        .collect();
    for wanted in [2, 3, 8] {
        while threads::count() < wanted {
            let before = threads::count();
            spawn(threads::serve);
            while threads::count() == before {
                std::thread::yield_now();
            }
        }
        for (reranker, list, alone) in &cases {
            assert_eq!(bits(reranker, list), *alone, "{wanted} threads");
        }
    }
    let (reranker, list, alone) = &cases[0];
    jobs_that_are_dropped_leave_the_threads_to_others(reranker, list, alone);
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
