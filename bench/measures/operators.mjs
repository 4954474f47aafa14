// Where one forward pass of 128 tokens spends its time, by operator. From the native build: shares, not seconds.
import { native } from '../native.mjs';
import { standin } from '../paths.mjs';
import { sum } from '../statistics.mjs';

export async function operators(report) {
  const lines = (await native('profile', '--model', standin)).map((line) => JSON.parse(line));
  const total = sum(lines.map(({ milliseconds }) => milliseconds));
  for (const { operator, nodes, milliseconds } of lines) {
    if (milliseconds / total < 0.005) continue;
    report.add(`operators.native.${operator} × ${nodes}`, milliseconds / total, 'share');
  }
}
