// Prints the vectors of some texts as JSON, from the model at the path or URL in the first argument. The test copies this file
// into a project that has the package installed.
import { createEmbedder } from 'rerank-wasm';

const texts = [
  'how do I cancel',
  'Paris ist die Hauptstadt von Frankreich.',
  '東京は日本の首都です。',
  'x '.repeat(600),
];
const embedder = await createEmbedder({ model: process.argv[2] });
const { embeddings } = await embedder.embed(texts, { kind: 'query' });
await embedder.dispose();
process.stdout.write(JSON.stringify(embeddings.map((vector) => [...vector])));
