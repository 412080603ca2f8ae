// Classifies with a model of its own; the bundled one must not be in the build.
import { pipeline } from 'latformer/core';

try {
  const none = await pipeline('sentiment-analysis').catch(({ message }) => message);
  const classify = await pipeline('sentiment-analysis', new URL('/model/', location.href));
  const answers = await classify(['A joy from start to finish.', 'Dull and overlong.']);
  self.outcome = { labels: answers.map(({ label }) => label), info: classify.info, none };
  await classify.dispose();
} catch (error) {
  self.outcome = { error: `${error.code}: ${error.message}` };
}
