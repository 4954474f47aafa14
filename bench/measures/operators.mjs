// Measures each operator's share of one forward pass in Node, for a passage of usual length and for the longest.
import { files, probe } from '../probe.mjs';
import { sum } from '../statistics.mjs';

export async function operators(report) {
  for (const tokens of [128, 512]) {
    const times = await probe('operators', [tokens, ...files]);
    const total = sum(times.map(({ milliseconds }) => milliseconds));
    report.add(`operators.${tokens}.all_ms`, total, 'ms');
    for (const { operator, nodes, milliseconds } of times) {
      if (milliseconds / total < 0.005) continue;
      report.add(`operators.${tokens}.${operator} × ${nodes}`, milliseconds / total, 'share');
    }
  }
}
