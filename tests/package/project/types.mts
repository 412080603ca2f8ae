// What a strict TypeScript user writes, and what the compiler must refuse. Never run.
import { LatformerError, env, pipeline } from 'latformer';
import { pipeline as ofOnesOwn } from 'latformer/core';
import type {
  ChatMessage,
  GeneratedText,
  LabelScore,
  LabelScoreWithStats,
  LatformerErrorCode,
  ModelInfo,
  PipelineOptions,
  ProgressInfo,
  Stats,
  TextClassificationPipeline,
  TextGenerationPipeline,
} from 'latformer';

/** Compiles only if the types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

const options: PipelineOptions = {
  dtype: 'q8',
  worker: true,
  progress_callback: (info: ProgressInfo) => {
    if (info.status === 'progress') info.loaded.toFixed();
    if (info.status === 'ready') info.task.trim();
  },
};
const classify: TextClassificationPipeline = await pipeline('sentiment-analysis', null, options);
await pipeline('text-classification', './folder');
await pipeline('text-classification', new URL('https://example.org/model'));
await pipeline('text-classification', { files: { 'config.json': new Uint8Array(), 'vocab.txt': new Blob([]) } });

const one = await classify('text');
same<typeof one, LabelScore[]>(true);
const many = await classify(['a', { text: 'b', text_pair: 'c' }] as const, { speedup: 2 });
same<typeof many, LabelScore[]>(true);
const all = await classify(['a'], { top_k: null });
same<typeof all, LabelScore[][]>(true);
const single = await classify('a', { top_k: null });
same<typeof single, LabelScore[]>(true);
const top: number = Math.ceil(2);
const unknown = await classify(['a'], { top_k: top });
same<typeof unknown, LabelScore[] | LabelScore[][]>(true);
const traced = await classify('a', { stats: true, signal: AbortSignal.timeout(1) });
same<typeof traced, LabelScoreWithStats[]>(true);
const stats: Stats | undefined = traced[0]?.stats;
const info: ModelInfo = classify.info;
info.labels.join(stats?.words[0]?.word_id?.toFixed());

classify.setSpeedup(classify.maxSpeedup - classify.getSpeedup());
await classify.dispose();
{
  using another = await pipeline('sentiment-analysis');
  await another('text');
}
await using last = await pipeline('sentiment-analysis');
await last('text');

try {
  await classify('text');
} catch (error) {
  if (error instanceof LatformerError) {
    const code: LatformerErrorCode = error.code;
    if (code === 'disposed') console.log(error.message);
    // @ts-expect-error: no such code
    if (code === 'gone') console.log();
  }
}

// @ts-expect-error: another task
await pipeline('translation');
// @ts-expect-error: another type
await pipeline('sentiment-analysis', null, { dtype: 'fp64' });
// @ts-expect-error: a misspelt option
await classify('text', { speedUp: 2 });
// @ts-expect-error: not text
await classify(5);
// @ts-expect-error: not text inside
await classify(['text', 5]);
// @ts-expect-error: no stats without asking
console.log(one[0]?.stats);
// @ts-expect-error: a string is no number
classify.setSpeedup('2');
// @ts-expect-error: read-only
classify.maxSpeedup = 9;

const generate: TextGenerationPipeline = await pipeline('text-generation', './gpt2');
const continued = await generate('Once', { max_new_tokens: 5, do_sample: true, seed: 1, stop_strings: ['.'] });
same<typeof continued, GeneratedText<string>[]>(true);
const answered = await generate([{ role: 'user', content: 'Hi' }], { return_full_text: false });
same<typeof answered, GeneratedText<string | ChatMessage[]>[]>(true);
const several = await generate(['a', 'b'], { streamer: (text, prompt) => text.repeat(prompt) });
same<typeof several, GeneratedText<string | ChatMessage[]>[][]>(true);
for await (const piece of generate.stream('a', { speedup: 2 })) piece.trim();
// @ts-expect-error unknown option
await generate('a', { max_length: 5 });
// @ts-expect-error a seed is a number
await generate('a', { seed: '5' });

const rank = await pipeline('text-ranking', './ranker');
const ranked = await rank('a query', ['a', 'b'], { top_k: 1, return_documents: true, stats: true });
ranked.map(({ corpus_id, score, text, stats }) => text.repeat(corpus_id) + score.toFixed(stats.tokens));
// @ts-expect-error no text without asking
(await rank('a query', ['a']))[0]?.text.trim();
// @ts-expect-error documents are several
await rank('a query', 'a');
const judge = await pipeline('zero-shot-classification', './nli');
const judged: number[] = (await judge('a', ['b', 'c'], { hypothesis_template: 'It is {}.' })).scores;
const judgedMany: string[][] = (await judge(['a'], 'b,c', { multi_label: true })).map(({ labels }) => labels);
const find = await pipeline('ner', './tokens');
const entities: string[] = (await find('a')).map(({ entity, index }) => entity.repeat(index));
const groups: string[] = (await find('a', { aggregation_strategy: 'max' })).map(({ entity_group }) => entity_group);
// @ts-expect-error groups have no index
(await find(['a'], { aggregation_strategy: 'simple' }))[0]?.[0]?.index.toFixed();
const fill = await pipeline('fill-mask', './mask');
const filled = (await fill(`a ${fill.info.mask_token}`, { top_k: 3 })).flat().map(({ token_str }) => token_str);
const answer = await pipeline('question-answering', './question');
const found: number = (await answer({ question: 'a', context: 'b' })).start;
const founds: string[] = (await answer('a', 'b', { top_k: 2, doc_stride: 8 })).map((each) => each.answer);
// @ts-expect-error a question needs a context
await answer({ question: 'a' });
console.log(judged, judgedMany, entities, groups, filled, found, founds);

env.remoteHost = 'https://example.org/';
env.fetch = fetch;
const kept: { url: string; bytes: number; complete: boolean }[] = await env.cache.list();
await env.cache.delete(kept[0]?.url);
await ofOnesOwn('text-classification', 'user/model', {
  revision: 'v1',
  dtype: 'int8',
  headers: { authorization: 'Bearer x' },
  progress_callback: (info) => {
    if (info.status === 'progress_total') info.files['model.safetensors']?.loaded.toFixed();
    if (info.status === 'done' && info.absent) info.file.trim();
  },
});
