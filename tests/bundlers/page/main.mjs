// Classifies with what the query string asks for, and leaves what came of it in `outcome` for the test to read.
import { pipeline } from 'latformer';

const asked = new URLSearchParams(location.search);
const options = {};
if (asked.has('threads')) options.threads = Number(asked.get('threads'));
if (asked.has('worker')) options.worker = asked.get('worker') === 'true';
if (asked.has('wasmPaths')) options.wasmPaths = asked.get('wasmPaths');

try {
  const classify = await pipeline('sentiment-analysis', null, options);
  const answers = await classify(['A joy from start to finish.', 'Dull and overlong.'], { speedup: 2 });
  self.outcome = { labels: answers.map(({ label }) => label), info: classify.info };
  await classify.dispose();
} catch (error) {
  self.outcome = { error: `${error.code}: ${error.message}` };
}
