// Classified texts -> lines of output: JSON, or a table whose columns are aligned from the first line on, because their
// widths follow from the model. The text comes last in the table, cut to the terminal's width.
import type { LabelScore, LabelScoreWithStats, ModelInfo } from '../../index.js';
import { clip, printable } from './display.js';
import type { TextRecord } from '../read/texts.js';

export const outputFormats = ['table', 'jsonl'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The labels of one text, best first. */
export type Answer = readonly (LabelScore & Partial<LabelScoreWithStats>)[];

export interface TextWriter {
  header(): string;
  line(text: TextRecord, answer: Answer): string;
}

/** {"text", "text_pair"?, "label", "score", "labels"? (with --top-k), "stats"?} */
export function jsonWriter(withLabels: boolean): TextWriter {
  return {
    header: () => '',
    line({ text, text_pair }, answer) {
      const labels = answer.map(({ label, score }) => ({ label, score }));
      const stats = answer[0]?.stats;
      const result = { text, text_pair, ...labels[0], labels: withLabels ? labels : undefined, stats };
      return `${JSON.stringify(result)}\n`; // undefined fields are left out
    },
  };
}

const scoreWidth = 7;

export function tableWriter(info: ModelInfo, topK: number, withStats: boolean, width: number | undefined): TextWriter {
  const count = Math.min(topK, info.labels.length);
  const names = info.labels.map(printable);
  const labelWidth = Math.max(5, ...names.map((name) => name.length));
  // The widest that the counts of all layers can be; ordinary texts need less, but a column must not jump.
  const countsWidth = Math.max(15, info.num_hidden_layers * 4 - 1);

  const line = (labels: readonly string[], stats: readonly string[], text: string): string => {
    const before = [...labels, ...stats].join('  ');
    const room = width === undefined ? undefined : Math.max(width - before.length - 3, 10);
    return `${before}  ${room === undefined ? printable(text) : clip(text, room)}`.trimEnd() + '\n';
  };
  const statsCells = (tokens: string, speedup: string, counts: string, milliseconds: string): string[] =>
    withStats ? [tokens.padStart(6), speedup.padStart(7), milliseconds.padStart(8), counts.padEnd(countsWidth)] : [];

  return {
    header() {
      const labels = Array.from(
        { length: count },
        () => `${'LABEL'.padEnd(labelWidth)}  ${'SCORE'.padStart(scoreWidth)}`,
      );
      return line(labels, statsCells('TOKENS', 'SPEEDUP', 'KEPT BY LAYER', 'MS'), 'TEXT');
    },
    line({ text, text_pair }, answer) {
      const labels = answer.map(
        ({ label, score }) => `${printable(label).padEnd(labelWidth)}  ${score.toFixed(4).padStart(scoreWidth)}`,
      );
      const stats = answer[0]?.stats;
      const cells = statsCells(
        String(stats?.tokens),
        String(stats?.achieved_speedup.toFixed(2)),
        String(stats?.tokens_per_layer.join(' ')),
        String(stats?.milliseconds.toFixed(1)),
      );
      return line(labels, cells, text_pair === undefined ? text : `${text} ¦ ${text_pair}`);
    },
  };
}
