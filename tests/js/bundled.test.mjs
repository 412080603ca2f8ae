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
