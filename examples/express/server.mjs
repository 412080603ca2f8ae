// POST /sentiment {"text": "…"}: an answer within a latency budget, and 503 instead of a queue that grows without end.
import { availableParallelism } from 'node:os';
import express from 'express';
import { pipeline } from 'latformer';

const budget = Number(process.env.BUDGET_MS ?? 20); // of each text, in milliseconds
const classify = await pipeline('sentiment-analysis', null, { workers: availableParallelism(), maxPending: 100 });
await classify.setLatencyBudget(budget); // times the model on this machine, once

const app = express();
app.use(express.json({ limit: '64kb' }));

app.post('/sentiment', async (request, response) => {
  const { text } = request.body ?? {};
  if (typeof text !== 'string') return response.status(400).json({ error: 'text must be a string' });
  try {
    const [{ label, score, stats }] = await classify(text, { stats: true });
    return response.json({ label, score, speedup: stats.achieved_speedup, within_budget: stats.within_budget });
  } catch (error) {
    if (error.code !== 'overloaded') throw error; // Express answers with 500
    return response.status(503).set('retry-after', '1').json({ error: 'try again later' });
  }
});

app.get('/health', (_, response) => response.json({ pending: classify.pending, ...classify.info }));

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.once('SIGTERM', () => server.close(() => classify.dispose()));
