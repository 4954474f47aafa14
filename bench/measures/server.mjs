// Measures the longest block of the event loop in a Node that ranks, and the price of the worker that prevents blocks.
import { mixed } from '../inputs.mjs';
import { probe } from '../probe.mjs';
import { times } from '../rounds.mjs';
import { median } from '../statistics.mjs';

export async function serverInNode(report) {
  const input = JSON.stringify(mixed());
  const longest = async (threads, worker) => {
    const blocks = [];
    for (let round = 0; round < times(3); round += 1) {
      blocks.push((await probe('event-loop', [input, JSON.stringify(threads), JSON.stringify(worker)])).milliseconds);
    }
    return median(blocks);
  };
  report.add('event_loop.block_ms', await longest(1, 'auto'), 'ms');
  report.add('event_loop.block_ms.threads', await longest(2, 'auto'), 'ms');
  report.add('event_loop.block_ms.in_place', await longest(1, false), 'ms');
  const starts = { auto: [], false: [] };
  for (let round = 0; round < times(7); round += 1) {
    for (const worker of ['auto', false]) {
      starts[worker].push((await probe('start', [JSON.stringify(worker)])).milliseconds);
    }
  }
  report.add('start_ms.worker', median(starts.auto) - median(starts.false), 'ms');
}
