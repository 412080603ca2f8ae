// What pipeline('text-classification') answers: shapes as in transformers.js, speedups, stats, pairs, long text.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { LatformerError, pipeline } from 'latformer';
import { shape, tinyModel } from '../support/tiny_model.mjs';

const text = 'a joy from start to finish , not a dull film .';
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-5, `${a} is not ${b}`);

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in this thread', () => {
    let classify;
    before(async () => (classify = await pipeline('text-classification', { files: tinyModel() }, { worker })));
    after(() => classify.dispose());

    test('one text gives a list with its best label', async () => {
      const result = await classify(text);
      assert.equal(result.length, 1);
      assert.deepEqual(Object.keys(result[0]), ['label', 'score']);
      assert.ok(['NEGATIVE', 'POSITIVE'].includes(result[0].label));
      assert.ok(result[0].score >= 0.5 && result[0].score <= 1);
    });

    test('top_k gives that many labels, best first; null and 0 all of them', async () => {
      for (const top_k of [2, 5, null, 0]) {
        const result = await classify(text, { top_k });
        assert.equal(result.length, 2);
        assert.ok(result[0].score >= result[1].score);
        close(result[0].score + result[1].score, 1);
      }
      assert.deepEqual(await classify(text, { top_k: 1 }), await classify(text));
    });

    test('an array gives a label for each, or a list for each when top_k is not 1', async () => {
      const texts = [text, 'dull .', ''];
      const flat = await classify(texts);
      const nested = await classify(texts, { top_k: 2 });
      assert.equal(flat.length, 3);
      assert.deepEqual(
        nested.map(([best]) => best.label),
        flat.map(({ label }) => label),
      );
      assert.ok(nested.every((each) => each.length === 2));
    });

    test('no texts give no answers', async () => {
      assert.deepEqual(await classify([]), []);
      assert.deepEqual(await classify([], { top_k: null }), []);
    });

    test('a text in a batch gets the answer that it gets alone', async () => {
      const texts = Array.from(
        { length: 150 },
        (_, i) =>
          'good bad film joy'
            .split(' ')
            .slice(0, i % 5)
            .join(' ') + ' a'.repeat(i),
      );
      for (const speedup of [1, 3]) {
        const together = await classify(texts, { speedup });
        assert.equal(together.length, texts.length);
        for (let i = 0; i < texts.length; i += 13) {
          const [alone] = await classify(texts[i], { speedup });
          assert.equal(together[i].label, alone.label);
          close(together[i].score, alone.score);
        }
      }
    });

    test('pairs are read together', async () => {
      const pair = { text: 'a good film', text_pair: 'not a bad film' };
      const [result] = await classify(pair, { stats: true });
      assert.equal(result.stats.tokens, 3 + 4 + 3);
      const sequences = result.stats.words.map((word) => word.sequence_id);
      assert.deepEqual(sequences, [null, 0, 0, 0, null, 1, 1, 1, 1, null]);
      const { begin, end } = result.stats.words.at(-2);
      assert.equal(pair.text_pair.slice(begin, end), 'film');
      const mixed = await classify([pair, 'a good film', { text: 'a good film', text_pair: null }]);
      close(mixed[0].score, result.score);
      close(mixed[1].score, mixed[2].score);
    });

    test('stats tell what happened in each layer', async () => {
      const [plain] = await classify(text, { stats: true });
      assert.equal(plain.stats.tokens, 14);
      assert.equal(plain.stats.requested_speedup, 1);
      assert.equal(plain.stats.achieved_speedup, 1);
      assert.deepEqual(plain.stats.tokens_per_layer, [14, 14, 1]);
      assert.equal(plain.stats.profile, 'model');
      assert.equal(plain.stats.truncated, false);
      assert.ok(plain.stats.milliseconds > 0);

      const [fast] = await classify(text, { stats: true, speedup: 3 });
      assert.equal(fast.stats.requested_speedup, 3);
      assert.ok(fast.stats.achieved_speedup >= 3);
      close(plain.stats.macs / fast.stats.macs, fast.stats.achieved_speedup);
      assert.equal(fast.stats.kept.length, shape.layers);
      fast.stats.kept.forEach((kept, layer) => {
        assert.equal(kept[0], 0, '[CLS] always stays');
        const earlier = layer === 0 ? plain.stats.kept[0] : fast.stats.kept[layer - 1];
        assert.ok(
          kept.every((position) => earlier.includes(position)),
          'nothing comes back',
        );
        const isLast = layer === shape.layers - 1;
        const rest = isLast || kept.length === 14 ? 0 : 1;
        assert.equal(fast.stats.tokens_per_layer[layer], kept.length + rest);
      });
      assert.deepEqual(fast.stats.kept.at(-1), [0]);
    });

    test('words are places in the text in UTF-16 units', async () => {
      const odd = '😀 joy\u00e9 \ud800 filming!\u{1f600}';
      const [{ stats }] = await classify(odd, { stats: true });
      const pieces = stats.words.filter((word) => word.word_id !== null).map(({ begin, end }) => odd.slice(begin, end));
      assert.ok(pieces.includes('😀') || pieces.includes('😀 '.trim()));
      assert.ok(pieces.includes('film') && pieces.includes('ing'));
      const film = stats.words.find(({ begin, end }) => odd.slice(begin, end) === 'film');
      const ing = stats.words.find(({ begin, end }) => odd.slice(begin, end) === 'ing');
      assert.equal(film.word_id, ing.word_id, 'pieces of one word share its number');
    });

    test('setSpeedup holds for later calls, speedup for one', async () => {
      assert.equal(classify.getSpeedup(), 1);
      const plain = classify(text, { stats: true }); // asked for before the change
      classify.setSpeedup(3);
      assert.equal((await plain)[0].stats.requested_speedup, 1);
      assert.equal((await classify(text, { stats: true }))[0].stats.requested_speedup, 3);
      assert.equal((await classify(text, { stats: true, speedup: 2 }))[0].stats.requested_speedup, 2);
      assert.equal(classify.getSpeedup(), 3);
      classify.setSpeedup(classify.maxSpeedup);
      assert.equal(classify.maxSpeedup, 6);
      classify.setSpeedup(1);
    });

    test('long text is cut, or read in windows', async () => {
      const long = 'a joy from start to finish . '.repeat(20) + 'dull film !';
      const [cut] = await classify(long, { stats: true });
      assert.equal(cut.stats.tokens, shape.positions);
      assert.equal(cut.stats.truncated, true);
      const [whole] = await classify(long, { stats: true, long_text: 'windows', speedup: 2 });
      assert.equal(whole.stats.truncated, false);
      assert.ok(whole.stats.tokens > 20 * 7);
      const { words } = whole.stats;
      assert.equal(words.length, whole.stats.tokens);
      assert.equal(long.slice(words.at(-2).begin, words.at(-2).end), '!');
      const separators = words.flatMap((word, position) => (word.word_id === null ? [position] : []));
      assert.ok(separators.length >= 10 && separators.length % 2 === 0);
      assert.ok(whole.stats.kept[0].every((position) => position < whole.stats.tokens));
      // Windows that begin inside a word: its pieces there are not taken for pieces of another one.
      const [pieces] = await classify('filming'.repeat(13) + ' ' + 'bad'.repeat(30), {
        stats: true,
        long_text: 'windows',
      });
      const places = new Map();
      for (const { word_id, begin, end } of pieces.stats.words) {
        if (word_id === null) continue;
        assert.equal(begin, places.get(word_id) ?? begin, 'pieces of a word touch');
        places.set(word_id, end);
      }
      const short = await classify('a joy', { long_text: 'windows' });
      assert.deepEqual(short, await classify('a joy'));
    });

    test('info says what the model is', () => {
      assert.deepEqual(classify.info.labels, ['NEGATIVE', 'POSITIVE']);
      assert.equal(classify.info.problem_type, 'single_label_classification');
      assert.equal(classify.info.num_hidden_layers, shape.layers);
      assert.equal(classify.info.max_tokens, shape.positions);
      assert.deepEqual(classify.info.profile.retention, [0.7, 0.4, 0.2]);
      assert.equal(classify.info.profile.dropped, 'merge');
      assert.equal(classify.task, 'text-classification');
    });
  });
}

test('multi-label scores are sigmoids, a single label is a sigmoid or a regression', async () => {
  const labels = ['x', 'y', 'z'];
  const single = await pipeline('text-classification', { files: tinyModel({ labels }) });
  const config = { problem_type: 'multi_label_classification' };
  const multi = await pipeline('text-classification', { files: tinyModel({ labels, config }) });
  const [softmax, sigmoid] = await Promise.all([single(text, { top_k: null }), multi(text, { top_k: null })]);
  close(
    softmax.reduce((sum, { score }) => sum + score, 0),
    1,
  );
  assert.deepEqual(
    sigmoid.map(({ label }) => label),
    softmax.map(({ label }) => label),
  );
  // The differences of logits survive both: log(p_i / p_j) = logit(s_i) - logit(s_j).
  const logit = (score) => Math.log(score / (1 - score));
  close(Math.log(softmax[0].score / softmax[2].score), logit(sigmoid[0].score) - logit(sigmoid[2].score));
  single.dispose();
  multi.dispose();

  // One label: a sigmoid as in transformers' pipeline, the plain value where the config says regression.
  const one = await pipeline('text-classification', { files: tinyModel({ labels: ['x'] }) });
  const regression = await pipeline('text-classification', {
    files: tinyModel({ labels: ['x'], config: { problem_type: 'regression' } }),
  });
  const [[probability], [value]] = await Promise.all([one(text), regression(text, { top_k: null })]);
  close(logit(probability.score), value.score);
  one.dispose();
  regression.dispose();
});

test('function_to_apply makes scores of logits as transformers does', async () => {
  const labels = ['x', 'y', 'z'];
  const classify = await pipeline('text-classification', { files: tinyModel({ labels }) });
  const scoresBy = async (function_to_apply) => {
    const answers = await classify(text, { top_k: null, function_to_apply });
    return labels.map((label) => answers.find((each) => each.label === label).score);
  };
  const logits = await scoresBy('none');
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  const [softmax, sigmoid] = [await scoresBy('softmax'), await scoresBy('sigmoid')];
  logits.forEach((logit, i) => {
    close(softmax[i], Math.exp(logit) / sum);
    close(sigmoid[i], 1 / (1 + Math.exp(-logit)));
  });
  for (const own of [undefined, null]) assert.deepEqual(await scoresBy(own), softmax);

  // Calls that wait together, each with its own function.
  const together = await Promise.all(['none', 'softmax', undefined, 'sigmoid', 'none'].map((each) => scoresBy(each)));
  assert.deepEqual(together, [logits, softmax, softmax, sigmoid, logits]);

  for (const wrong of ['tanh', 'SOFTMAX', 1, {}]) {
    await assert.rejects(classify(text, { function_to_apply: wrong }), TypeError);
  }
  classify.dispose();
});

test('a model without a profile runs with the default one and says so', async () => {
  const classify = await pipeline('text-classification', { files: tinyModel({ profile: null }) });
  assert.equal(classify.info.profile.source, 'default');
  assert.ok(classify.maxSpeedup > 1);
  const [{ stats }] = await classify(text, { speedup: 1.5, stats: true });
  assert.equal(stats.profile, 'default');
  assert.ok(stats.achieved_speedup >= 1.5);
  classify.dispose();
});

test('the CommonJS build is the same thing', async () => {
  const required = createRequire(import.meta.url)('latformer');
  assert.deepEqual(Object.keys(required).sort(), ['LatformerError', 'env', 'loadTokenizer', 'pipeline']);
  for (const worker of [false, true]) {
    const classify = await required.pipeline('text-classification', { files: tinyModel() }, { worker });
    const esm = await pipeline('text-classification', { files: tinyModel() });
    assert.deepEqual(await classify(text), await esm(text));
    await assert.rejects(required.pipeline('text-classification', './nowhere'), required.LatformerError);
    classify.dispose();
    esm.dispose();
  }
  await assert.rejects(pipeline('text-classification', './nowhere'), LatformerError);
  await assert.rejects(pipeline('text-generation'), TypeError); // no model of that kind is bundled
});
