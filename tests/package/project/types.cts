// The same package from a CommonJS TypeScript file.
import latformer = require('latformer');

async function main(): Promise<void> {
  const classify: latformer.TextClassificationPipeline = await latformer.pipeline('sentiment-analysis');
  const [result] = await classify('text', { stats: true });
  const tokens: number | undefined = result?.stats.tokens;
  console.log(tokens);
  const error = new latformer.LatformerError('internal', 'message');
  console.log(error.code);
}
void main();
