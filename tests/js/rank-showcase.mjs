import { readFileSync } from 'node:fs';
import { createReranker } from 'rerank-wasm';
const lines = readFileSync('/work/wt/mini/models/mini/eval/showcase.jsonl','utf8').trim().split('\n').map(JSON.parse);
for (const model of process.argv.slice(2)) {
  const r = await createReranker({ model });
  let hit=0, ndcg=0; const logits=[];
  for (const { question, answer, others } of lines) {
    const res = await r.rerank(question, [answer, ...others]);
    const place = res.findIndex(({index}) => index === 0);
    hit += place === 0; ndcg += 1/Math.log2(place+2);
    for (const x of res) logits[logits.length]=x.logit;
  }
  console.log(model, 'first', hit, 'nDCG', (ndcg/lines.length).toFixed(4));
  await r.dispose();
}
