// The model that comes with the package, on plain English.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pipeline } from 'latformer';

test('the bundled model tells praise from blame at every speed', { timeout: 120_000 }, async () => {
  const classify = await pipeline('sentiment-analysis');
  const reviews = [
    ['A joy from start to finish.', 'POSITIVE'],
    ['One of the best films of the year, funny, warm and beautifully acted.', 'POSITIVE'],
    ['Dull, overlong and badly acted; I wanted my money back.', 'NEGATIVE'],
    ['A complete waste of time.', 'NEGATIVE'],
  ];
  for (const speedup of [1, 2, classify.maxSpeedup]) {
    const answers = await classify(
      reviews.map(([review]) => review),
      { speedup },
    );
    assert.deepEqual(
      answers.map(({ label }) => label),
      reviews.map(([, label]) => label),
    );
  }
  await classify.dispose();
});

test('what is bundled is the model in models/sentiment, its vocabulary in another form', async () => {
  const classify = await pipeline('sentiment-analysis');
  const original = await pipeline('sentiment-analysis', new URL('../../../models/sentiment', import.meta.url));
  assert.deepEqual({ ...classify.info, source: '' }, { ...original.info, source: '' });
  const texts = [
    'A joy from start to finish.',
    '[CLS] [MASK] [SEP] [UNK] [PAD] [unused1] [cls]',
    'Ünïcödé, 北京, \u{1f600}, e\u0301tude, naïve café; x²',
    "don't-stop... 3.14 $5 @home #tag ##ing",
    'Donaudampfschifffahrtsgesellschaft '.repeat(4),
  ];
  const withoutTime = (result) => ({ ...result, stats: { ...result.stats, milliseconds: 0 } });
  const [ours, theirs] = await Promise.all(
    [classify, original].map((each) => each(texts, { stats: true, speedup: 2 })),
  );
  assert.deepEqual(ours.map(withoutTime), theirs.map(withoutTime));
  await classify.dispose();
  await original.dispose();
});
