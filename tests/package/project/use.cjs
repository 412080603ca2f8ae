const { pipeline, LatformerError } = require('latformer');

async function main() {
  const options = JSON.parse(process.argv[2] ?? '{}');
  const classify = await pipeline('sentiment-analysis', undefined, { worker: false, threads: 1, ...options });
  const results = await classify(['A joy from start to finish.', 'A dull waste of time.'], { speedup: 2 });
  if (classify.info.threads !== (options.threads ?? 1)) process.exit(1);
  console.log(JSON.stringify({ labels: results.map(({ label }) => label).join(' '), info: classify.info }));
  await classify.dispose();
  const error = await classify('again').catch((reason) => reason);
  if (!(error instanceof LatformerError) || error.code !== 'disposed') process.exit(1);
}
main().catch((error) => {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
});
