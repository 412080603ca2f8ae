import { pipeline } from 'latformer';

const worker = process.argv[2] === 'worker';
const threads = Number(process.argv[3] ?? 1);
const classify = await pipeline('sentiment-analysis', null, { worker, threads });
if (classify.info.threads !== threads) process.exit(1);
const results = await classify(['A joy from start to finish.', 'A dull waste of time.'], { speedup: 2 });
console.log(results.map(({ label }) => label).join(' '));
await classify.dispose();
