import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

/** An agent's tools. Real ones have schemas of their parameters, too. */
const tools = [
  { name: 'get_weather', description: 'Tells what the weather will be like in a city, with rain and temperature.' },
  { name: 'send_email', description: 'Writes and sends an email to a person.' },
  { name: 'create_invoice', description: 'Makes an invoice for a customer and an amount of money.' },
  { name: 'search_flights', description: 'Finds flights between two airports on a day.' },
  { name: 'book_hotel', description: 'Books a hotel room in a city for some nights.' },
  { name: 'translate_text', description: 'Translates a text into another language.' },
];

const reranker = await createReranker({ model: mini });

/** Returns the tools that fit a request, best first. Only they go into the prompt of the language model. */
async function selectTools(request, { topN = 2, minScore = -10 } = {}) {
  const documents = tools.map((tool) => ({ tool, text: tool.description }));
  const options = { topN, minScore, activation: 'none', returnDocuments: true };
  const results = await reranker.rerank(request, documents, options);
  return results.map(({ document }) => document.tool);
}

for (const request of ['Will it rain in Paris?', 'I need a room in Rome for two nights', 'What is 2 + 2?']) {
  const names = (await selectTools(request)).map(({ name }) => name);
  console.log(`${request} → ${names.join(', ') || 'no tool'}`);
}
await reranker.dispose();
