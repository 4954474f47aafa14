// Measures on the mini model whether a token costs the same in a short and in a long list of documents.
import { startInNode } from '../hosts/node.mjs';
import { miniDocuments } from '../inputs.mjs';
import { preferred } from '../paths.mjs';
import { times } from '../rounds.mjs';
import { inNode } from '../settings.mjs';
import { median } from '../statistics.mjs';

/** The short list runs often, so that both are measured over the same stretch of time. */
const counts = { 10: 10, 500: 1 };
const rounds = times(3);

export async function tokens(report) {
  const contestant = await startInNode(inNode.mini(preferred));
  try {
    await contestant.call('run', miniDocuments(10));
    const costs = Object.fromEntries(Object.keys(counts).map((count) => [count, []]));
    const memory = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const [count, repeats] of Object.entries(counts)) {
        for (let repeat = 0; repeat < repeats; repeat += 1) {
          const result = await contestant.call('run', miniDocuments(Number(count)));
          costs[count].push(result.milliseconds / result.tokens);
        }
        memory.push((await contestant.call('statistics')).memoryBytes);
      }
    }
    const medians = Object.values(costs).map(median);
    report.add('token_time_spread', Math.max(...medians) / Math.min(...medians) - 1, 'share');
    report.add('memory.growth_mb.500_documents', (memory.at(-1) - memory[0]) / 1e6, 'MB');
  } finally {
    await contestant.stop();
  }
}
