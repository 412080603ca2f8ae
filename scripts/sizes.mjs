// What a page downloads, compressed by gzip, against what it may be.
//   node scripts/sizes.mjs
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './support/paths.mjs';
import { main } from './support/steps.mjs';

const limits = [
  { what: 'the core', files: ['latformer.wasm.gz'], kilobytes: 400 },
  { what: 'the core with relaxed SIMD', files: ['latformer-relaxed.wasm.gz'], kilobytes: 400 },
  {
    what: 'JavaScript of the page and its worker',
    files: ['web.mjs', 'web-platform.mjs', 'worker.mjs'],
    kilobytes: 46,
  },
];

function zipped(file) {
  const bytes = readFileSync(join(root, 'dist', file));
  return (file.endsWith('.gz') ? bytes : gzipSync(bytes, { level: 9 })).length / 1000;
}

/** As a stage of npm test: each limit is a test. */
export function checkSizes(progress) {
  const counts = { passed: 0, failed: 0 };
  for (const { what, files, kilobytes } of limits) {
    const size = files.map(zipped).reduce((sum, each) => sum + each, 0);
    const line = `${what}: ${size.toFixed(1)} KB of ${kilobytes} (${files.join(', ')})`;
    if (size <= kilobytes) counts.passed += 1;
    else counts.failed += 1;
    progress.say(`  ${size <= kilobytes ? '' : 'too large: '}${line}`);
  }
  return counts;
}

if (process.argv[1] === import.meta.filename) {
  await main(() => (checkSizes({ say: console.log }).failed > 0 ? 1 : 0));
}
