// How good embeddings are at a speedup: as people judge pairs of sentences, and at finding what belongs to a text.
import { rowsOf } from '../support/rows.mjs';

const atATime = 64;

/** The vectors of texts, of length 1. */
async function vectorsOf(embed, texts, speedup) {
  const vectors = [];
  for (let begin = 0; begin < texts.length; begin += atATime) {
    const { data, dims } = await embed(texts.slice(begin, begin + atATime), { speedup, pooling: poolingOf(embed) });
    for (let row = 0; row < dims[0]; ++row) vectors.push(unit(data.slice(row * dims[1], (row + 1) * dims[1])));
  }
  return vectors;
}

/** What the folder says; of an encoder by itself, which says nothing, the mean. */
const poolingOf = ({ info }) => (info.pooling === 'none' ? 'mean' : info.pooling);

function unit(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; ++k) sum += a[k] * b[k];
  return sum;
}

function ranks(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = new Array(values.length);
  for (let begin = 0, end = 0; begin < order.length; begin = end) {
    while (end < order.length && values[order[end]] === values[order[begin]]) ++end;
    for (let i = begin; i < end; ++i) result[order[i]] = (begin + end - 1) / 2; // those that are equal share their mean
  }
  return result;
}

/** Spearman's correlation. */
export function spearman(x, y) {
  const [a, b] = [ranks(x), ranks(y)];
  const mean = (a.length - 1) / 2;
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < a.length; ++i) {
    aa += (a[i] - mean) ** 2;
    bb += (b[i] - mean) ** 2;
    ab += (a[i] - mean) * (b[i] - mean);
  }
  return ab / Math.sqrt(aa * bb);
}

/** The share of queries with their own document among the `best` nearest ones; queries[i] belongs to documents[i]. */
export function recall(queries, documents, best = 10) {
  const found = queries.filter((query, i) => {
    const own = dot(query, documents[i]);
    return documents.filter((document) => dot(query, document) > own).length < best;
  });
  return found.length / queries.length;
}

/** Pairs of sentences with how alike people find them: columns sentence1, sentence2, label. */
export function judged(file, limit) {
  const rows = rowsOf(file, ['sentence1', 'sentence2', 'label'], limit);
  return async (embed, speedup) => {
    const first = await vectorsOf(
      embed,
      rows.map(({ sentence1 }) => sentence1),
      speedup,
    );
    const second = await vectorsOf(
      embed,
      rows.map(({ sentence2 }) => sentence2),
      speedup,
    );
    return spearman(
      first.map((vector, i) => dot(vector, second[i])),
      rows.map(({ label }) => Number(label)),
    );
  };
}

/** Queries and the documents that belong to them, which are found among all of these. */
function retrieval(queries, documents) {
  return async (embed, speedup) =>
    recall(await vectorsOf(embed, queries, speedup), await vectorsOf(embed, documents, speedup));
}

/** Sentences that say the same: of columns sentence1, sentence2, label those pairs whose label is 1. */
export function paraphrases(file, limit) {
  const rows = rowsOf(file, ['sentence1', 'sentence2', 'label']).filter(({ label }) => label === '1');
  const chosen = rows.slice(0, limit);
  return retrieval(
    chosen.map(({ sentence1 }) => sentence1),
    chosen.map(({ sentence2 }) => sentence2),
  );
}

/** The first sentence of a text, and the rest of it: column sentence; texts of a single sentence are passed over. */
export function firstSentences(file, limit) {
  const parted = rowsOf(file, ['sentence'])
    .map(({ sentence }) => /^(.{20,}?[.!?])\s+(\S.{40,})$/su.exec(sentence))
    .filter((match) => match !== null)
    .slice(0, limit);
  return retrieval(
    parted.map(([, first]) => first),
    parted.map(([, , rest]) => rest),
  );
}
