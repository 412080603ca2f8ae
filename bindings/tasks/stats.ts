// What the engine reports of one input -> Stats.
import type { RawEncoded, RawWindow } from '../engine.js';
import type { Stats, TokenSpan } from '../types/classification.js';

function tokenSpans(windows: readonly RawWindow[], spans: Uint32Array): TokenSpan[] {
  const words: TokenSpan[] = [];
  let word = -1;
  for (const { sequenceIds, special, continues } of windows) {
    for (let i = 0; i < sequenceIds.length; ++i) {
      const at = 2 * words.length;
      if (special[i] === 1) {
        words.push({ begin: 0, end: 0, word_id: null, sequence_id: null });
        continue;
      }
      // A window may begin in the middle of a word; what stands there counts as a word of its own.
      if (continues[i] === 0 || special[i - 1] === 1) ++word;
      const sequence_id = sequenceIds[i] === 1 ? 1 : 0;
      words.push({ begin: spans[at] ?? 0, end: spans[at + 1] ?? 0, word_id: word, sequence_id });
    }
  }
  return words;
}

/** Per layer: positions of every window, counted on from the windows before it. */
function keptPositions(windows: readonly RawWindow[]): number[][] {
  const kept: number[][] = [];
  let first = 0;
  for (const window of windows) {
    window.keptPositions.forEach((positions, layer) => {
      const row = (kept[layer] ??= []);
      for (const position of positions) row.push(first + position);
    });
    first += window.sequenceIds.length;
  }
  return kept;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const macsOf = (result: RawEncoded): number => sum((result.windows ?? []).map((window) => window.macs));

export function statsOf(
  result: RawEncoded,
  requested: { speedup: number; budget: number | undefined },
  overhead: number, // around the core
  milliseconds: number,
  profile: Stats['profile'],
): Stats {
  const windows = result.windows ?? [];
  const tokens_per_layer: number[] = [];
  for (const window of windows) {
    window.tokensPerLayer.forEach((count, layer) => {
      tokens_per_layer[layer] = (tokens_per_layer[layer] ?? 0) + count;
    });
  }
  const costs = windows.map(({ predictedMilliseconds, macs }) => predictedMilliseconds ?? macs);
  const predicted = result.predictedMilliseconds;
  const predicted_milliseconds = predicted === undefined ? null : predicted + overhead;
  const latency_budget = requested.budget ?? null;
  return {
    tokens: sum(windows.map((window) => window.sequenceIds.length)),
    tokens_per_layer,
    kept: keptPositions(windows),
    words: tokenSpans(windows, result.spans ?? new Uint32Array()),
    requested_speedup: latency_budget === null ? requested.speedup : null,
    achieved_speedup: sum(windows.map(({ achievedSpeedup }, i) => (costs[i] ?? 0) * achievedSpeedup)) / sum(costs),
    latency_budget,
    within_budget: latency_budget === null ? null : (predicted_milliseconds ?? Infinity) <= latency_budget,
    predicted_milliseconds,
    macs: macsOf(result),
    milliseconds,
    profile,
    truncated: windows.some((window) => window.truncated),
  };
}
