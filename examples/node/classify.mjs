// node classify.mjs < reviews.txt: a label for each line, on all processors, in order, at constant memory.
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { pipeline } from 'latformer';

const classify = await pipeline('sentiment-analysis', null, { workers: availableParallelism() });
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
for await (const { input, output } of classify.stream(lines, { speedup: 2 })) {
  console.log(`${output.label}\t${output.score.toFixed(4)}\t${input}`);
}
await classify.dispose();
