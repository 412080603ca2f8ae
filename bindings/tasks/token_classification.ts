// Token classification: the callable that pipeline('token-classification') resolves to. Each token gets the label of its
// highest score (softmax over labels); an aggregation strategy makes words of tokens, and groups of words, as transformers does.
import { checkTexts, inputOf } from '../arguments/encoder.js';
import { checkTokenOptions } from '../arguments/token_classification.js';
import type { CheckedTokenOptions } from '../arguments/token_classification.js';
import { isArray } from '../arguments/values.js';
import type { Engine, RawWindow } from '../engine.js';
import type { Calibrator } from '../time/calibration.js';
import type { ModelInfo, Stats } from '../types/classification.js';
import type {
  AggregationStrategy,
  ClassifiedGroup,
  ClassifiedToken,
  TokenClassificationOptions,
  TokenClassificationPipeline,
  TokenClassificationTask,
} from '../types/token_classification.js';
import { EncoderPipeline, meanOf } from './encoder_base.js';
import type { Encoded } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { activations } from './scores.js';
import { rowsOfTokens } from './token_rows.js';

/** What the engine says of the tokenizer besides. */
type Info = ModelInfo & { unk_token?: string; has_word_pieces: boolean };

/** Neighbouring tokens of one window: at first each by itself, then words, then groups. */
interface Piece {
  label: string;
  score: number;
  /** Its tokens, ids and what they are of the text where the vocabulary has no word for it. */
  ids: number[];
  unknown: string[];
  word: string; // of a single token
  index: number; // likewise
  start: number;
  end: number;
}

interface Token extends Piece {
  scores: Float32Array;
  isSubword: boolean;
}

const lengthOf = (text: string): number => Array.from(text).length; // in code points, as Python counts

const highest = (scores: Float32Array): number =>
  scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);

/** From one to the next, as one; its label and score are those of `like`. */
function joined(pieces: readonly Piece[], like: Pick<Piece, 'label' | 'score'>): Piece {
  const first = pieces[0] as Piece;
  const { end } = pieces.at(-1) as Piece;
  const { label, score } = like;
  const ids = pieces.flatMap((piece) => piece.ids);
  return { ...first, label, score, end, ids, unknown: pieces.flatMap((piece) => piece.unknown) };
}

/** "B-PER" is the beginning of a "PER"; what has no such letter goes on with what is before. */
function tagOf(label: string): { begins: boolean; tag: string } {
  const isTagged = label.startsWith('B-') || label.startsWith('I-');
  return { begins: label.startsWith('B-'), tag: isTagged ? label.slice(2) : label };
}

/** Runs of those that belong to the one before. */
function runsOf<T>(pieces: readonly T[], goesOn: (piece: T, before: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run !== undefined && goesOn(piece, run.at(-1) as T)) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}

function groupsOf(pieces: readonly Piece[]): Piece[] {
  const goesOn = (piece: Piece, before: Piece): boolean => {
    const { begins, tag } = tagOf(piece.label);
    return !begins && tag === tagOf(before.label).tag;
  };
  return runsOf(pieces, goesOn).map((run) => {
    const { label } = run[0] as Piece;
    const score = run.reduce((sum, piece) => sum + piece.score, 0) / run.length;
    return joined(run, { label: label.slice(label.indexOf('-') + 1), score });
  });
}

/** Of several windows: where two overlap, the longer one, or of equal ones the likelier. */
function withoutOverlaps(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = [];
  for (const piece of [...pieces].sort((a, b) => a.start - b.start)) {
    const before = kept.at(-1);
    if (before === undefined || piece.start >= before.end) {
      kept.push(piece);
      continue;
    }
    const longer = piece.end - piece.start - (before.end - before.start);
    if (longer > 0 || (longer === 0 && piece.score > before.score)) kept[kept.length - 1] = piece;
  }
  return kept;
}

class TokenClassifier extends EncoderPipeline<Info> {
  async classify(
    texts: string | readonly string[],
    given?: TokenClassificationOptions,
  ): Promise<(ClassifiedToken | ClassifiedGroup)[] | (ClassifiedToken | ClassifiedGroup)[][]> {
    const options = checkTokenOptions(given, this.speedDefaults);
    const checked = checkTexts(texts, 'text');
    const answers = await this.admitted(() => this.#answer(checked, options));
    return isArray(texts) ? answers : answers.flat();
  }

  async #answer(
    texts: readonly string[],
    options: CheckedTokenOptions,
  ): Promise<(ClassifiedToken | ClassifiedGroup)[][]> {
    const { strategy, ignored } = options;
    const inputs = texts.map((text) => inputOf(text));
    const encoded = await this.encoded(inputs, { ...options, traces: true });
    const found = encoded.map((each, index) =>
      this.#pieces(each, texts[index] as string, strategy, ({ label }) => !ignored.includes(label)),
    );
    if (strategy !== 'none') await this.#name(found.flat());
    return found.map((pieces, index) => {
      const stats = encoded[index]?.stats;
      return pieces.map((piece) => this.#told(piece, strategy, stats));
    });
  }

  #told({ label, score, word, index, start, end }: Piece, strategy: AggregationStrategy, stats: Stats | undefined) {
    const rest = { word, start, end, ...(stats && { stats }) };
    return strategy === 'none' ? { entity: label, score, index, ...rest } : { entity_group: label, score, ...rest };
  }

  #pieces(encoded: Encoded, text: string, strategy: AggregationStrategy, wanted: (piece: Piece) => boolean): Piece[] {
    const windows = rowsOfTokens(encoded, this.info.labels.length).map(({ window, rows, spans }) => {
      const tokens = this.#tokens(window, rows, spans, text);
      const pieces = strategy === 'none' || strategy === 'simple' ? tokens : this.#words(tokens, strategy);
      return (strategy === 'none' ? pieces : groupsOf(pieces)).filter(wanted);
    });
    return windows.length > 1 ? withoutOverlaps(windows.flat()) : windows.flat();
  }

  #tokens(window: RawWindow, rows: readonly Float32Array[], spans: Uint32Array, text: string): Token[] {
    const { unk_token, has_word_pieces, labels } = this.info;
    const tokens: Token[] = [];
    rows.forEach((row, index) => {
      if (window.special[index] === 1) return;
      const [start = 0, end = 0] = spans.subarray(2 * index);
      const token = window.tokens?.[index] ?? '';
      const inText = text.slice(start, end);
      const isUnknown = token === unk_token;
      const isSubword = has_word_pieces
        ? lengthOf(token) !== lengthOf(inText)
        : start > 0 && !text.slice(start - 1, start + 1).includes(' ');
      const scores = activations.softmax(row);
      const best = highest(scores);
      tokens.push({
        label: labels[best] ?? `LABEL_${best}`,
        score: scores[best] as number,
        ids: [window.ids[index] as number],
        unknown: isUnknown ? [inText] : [],
        word: isUnknown ? inText : token,
        index,
        start,
        end,
        scores,
        isSubword: isSubword && !isUnknown,
      });
    });
    return tokens;
  }

  #words(tokens: readonly Token[], strategy: 'first' | 'average' | 'max'): Piece[] {
    return runsOf(tokens, ({ isSubword }) => isSubword).map((run) => {
      const first = run[0] as Token;
      if (strategy === 'first') return joined(run, first);
      if (strategy === 'max')
        return joined(
          run,
          run.reduce((best, each) => (each.score > best.score ? each : best)),
        );
      const scores = meanOf(run.map((token) => token.scores));
      const best = highest(scores);
      return joined(run, { label: this.info.labels[best] ?? '', score: scores[best] as number });
    });
  }

  /** Says what the tokens of each are as a text; words that the vocabulary does not have as the text has them. */
  async #name(pieces: readonly Piece[]): Promise<void> {
    if (pieces.length === 0) return;
    const words = await this.engine.textsOf(
      pieces.map(({ ids }) => ids),
      false,
    );
    pieces.forEach((piece, index) => {
      let next = 0;
      const word = words[index] ?? '';
      const { unk_token } = this.info;
      piece.word = unk_token === undefined ? word : word.replaceAll(unk_token, (all) => piece.unknown[next++] ?? all);
    });
  }
}

export function tokenClassificationPipeline(
  engine: Engine,
  info: ModelInfo,
  task: TokenClassificationTask,
  calibrator: Calibrator,
  maxPending: number,
): TokenClassificationPipeline {
  const classifier = new TokenClassifier(engine, info as Info, calibrator, maxPending);
  const classify = (texts: string | readonly string[], options?: TokenClassificationOptions) =>
    classifier.classify(texts, options);
  return callable(classify, classifier, { task }) as unknown as TokenClassificationPipeline;
}
