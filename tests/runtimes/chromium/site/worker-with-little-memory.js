import { LittleMemory } from './little-memory.js';

WebAssembly.Memory = LittleMemory;
await import('/rerank-wasm/worker-threads.js');
