// What a model keeps of a text at each speed, by a text that was really run, whatever its task.
import type { FilledMask, Pipelines } from '../../index.js';

export interface SpeedFacts {
  speedup: number;
  achieved_speedup: number;
  macs: number;
  tokens_per_layer: number[];
}

export interface Sample {
  tokens: number;
  speeds: SpeedFacts[];
}

const sampleTokens = 128;
const sampleSpeedups = [1, 1.5, 2, 3, 4.8, 6, 8];

type Run = Omit<SpeedFacts, 'speedup'> & { tokens: number };

/** The tasks that a folder can be inspected for. */
export type InspectedTask = keyof typeof runs;

// Any text of the right length does: the counts depend on nothing else. One-letter words are one token each.
const words = (count: number): string => Array.from({ length: Math.max(count, 1) }, () => 'a').join(' ');

const runs = {
  'text-classification': async (classify: Pipelines['text-classification'], speedup: number) =>
    (await classify(words(sampleTokens - 2), { speedup, stats: true }))[0]?.stats,

  'text-ranking': async (rank: Pipelines['text-ranking'], speedup: number) =>
    (await rank('a', [words(sampleTokens - 4)], { speedup, stats: true }))[0]?.stats,

  'token-classification': async (find: Pipelines['token-classification'], speedup: number) =>
    (await find(words(sampleTokens - 2), { speedup, stats: true, ignore_labels: [] }))[0]?.stats,

  'fill-mask': async (fill: Pipelines['fill-mask'], speedup: number) => {
    const text = `${fill.info.mask_token} ${words(sampleTokens - 3)}`;
    return ((await fill(text, { speedup, stats: true, top_k: 1 })) as FilledMask[])[0]?.stats;
  },

  'question-answering': async (answer: Pipelines['question-answering'], speedup: number) =>
    (await answer({ question: 'a', context: words(sampleTokens - 4) }, { speedup, stats: true })).stats,

  'feature-extraction': async (embed: Pipelines['feature-extraction'], speedup: number) => {
    const pooling = embed.info.pooling === 'none' ? 'mean' : embed.info.pooling;
    return (await embed(words(sampleTokens - 2), { speedup, stats: true, pooling, prompt_name: null })).stats?.[0];
  },

  'text-generation': async (generate: Pipelines['text-generation'], speedup: number) => {
    const prompt = words(Math.min(sampleTokens, generate.info.max_tokens - 1));
    const options = { speedup, stats: true, max_new_tokens: 1, do_sample: false, num_beams: 1 };
    const stats = (await generate(prompt, options))[0]?.stats;
    return stats && { ...stats, tokens: stats.prompt_tokens };
  },
};

export async function sampleOf<Task extends InspectedTask>(task: Task, model: Pipelines[Task]): Promise<Sample> {
  const run = runs[task] as (model: Pipelines[Task], speedup: number) => Promise<Run | undefined>;
  const speeds: SpeedFacts[] = [];
  let tokens = 0;
  for (const speedup of new Set([...sampleSpeedups.filter((each) => each < model.maxSpeedup), model.maxSpeedup])) {
    const stats = await run(model, speedup);
    if (stats === undefined) continue;
    const { achieved_speedup, macs, tokens_per_layer } = stats;
    tokens = stats.tokens;
    speeds.push({ speedup, achieved_speedup, macs, tokens_per_layer });
  }
  return { tokens, speeds };
}
