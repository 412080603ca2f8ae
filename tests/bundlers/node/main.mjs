// An endpoint's worth of Node, for a bundler to make one file of: `node FILE [worker] [threads] [device]`.
import { pipeline } from 'latformer';

async function main() {
  const [kind, threads, device = 'auto'] = process.argv.slice(2);
  const classify = await pipeline('sentiment-analysis', null, {
    worker: kind === 'worker',
    threads: Number(threads ?? 1),
    device,
  });
  const answers = await classify(['A joy from start to finish.', 'Dull and overlong.']);
  console.log(answers.map(({ label }) => label).join(' '));
  await classify.dispose();
}

main().catch((error) => {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
});
