// Lists the models: each is a folder below `bench-model` of the cache and a graph in it. scripts/bench.sh links the files.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { modelsFolder } from './paths.mjs';

const quantized = 'onnx/model_quantized.onnx';

/** bge-reranker-base's graph and size. */
export const standin = { folder: 'standin', graph: quantized };

/** The same with weights in -127..=127 instead of -64..=64. */
export const fullRangeStandin = { folder: 'standin-full-range', graph: quantized };

/** ms-marco-MiniLM-L-12-v2, a published file. */
export const l12 = { folder: 'l12', graph: quantized };

/** bge-small-en-v1.5, an embedding model and a published file. */
export const bgeSmall = { folder: 'bge-small', graph: quantized };

/** A model of MiniLM's size with random weights: int8 of transformers.js and of Sentence Transformers, fp32, fp16. */
export const inInt8 = (family) => ({ folder: `families/${family}`, graph: quantized });
export const ofSentenceTransformers = (family) => ({ ...inInt8(family), graph: 'onnx/model_qint8_avx512_vnni.onnx' });
export const inFp32 = (family) => ({ ...inInt8(family), graph: 'onnx/model.onnx' });
export const inFp16 = (family) => ({ ...inInt8(family), graph: 'onnx/model_fp16.onnx' });

/** A model of ModernBERT-base's size with random weights. */
export const modernbertBase = { folder: 'modernbert-base', graph: quantized };

/** Returns the names of the families, or none without FAMILIES=1. */
export function families() {
  return process.env.FAMILIES ? readdirSync(join(modelsFolder, 'families')).sort() : [];
}
