import { pipeline } from 'latformer';

const worker = process.argv[2] === 'worker';
const classify = await pipeline('sentiment-analysis', null, { worker });
const results = await classify(['A joy from start to finish.', 'A dull waste of time.'], { speedup: 2 });
console.log(results.map(({ label }) => label).join(' '));
await classify.dispose();
