const { pipeline, LatformerError } = require('latformer');

async function main() {
  const worker = process.argv[2] === 'worker';
  const threads = Number(process.argv[3] ?? 1);
  const classify = await pipeline('sentiment-analysis', undefined, { worker, threads });
  if (classify.info.threads !== threads) process.exit(1);
  const results = await classify(['A joy from start to finish.', 'A dull waste of time.'], { speedup: 2 });
  console.log(results.map(({ label }) => label).join(' '));
  await classify.dispose();
  const error = await classify('again').catch((reason) => reason);
  if (!(error instanceof LatformerError) || error.code !== 'disposed') process.exit(1);
}
main();
