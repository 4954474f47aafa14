// operators.mjs TOKENS WASM MODEL TOKENIZER CONFIG: prints each operator's time in a warm forward pass as JSON.
import { load } from './instance.mjs';

const [tokens, ...files] = process.argv.slice(2);
const { model } = await load(...files);
console.log(JSON.stringify(model.profile(Number(tokens), () => performance.now())));
