import { pipeline } from 'latformer';

const options = JSON.parse(process.argv[2] ?? '{}');
const given = { worker: false, threads: 1, ...options };
const classify = await pipeline('sentiment-analysis', null, given).catch((error) => {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
});
const results = await classify(['A joy from start to finish.', 'A dull waste of time.'], { speedup: 2 });
if (classify.info.threads !== (options.threads ?? 1)) process.exit(1);
console.log(JSON.stringify({ labels: results.map(({ label }) => label).join(' '), info: classify.info }));
await classify.dispose();
