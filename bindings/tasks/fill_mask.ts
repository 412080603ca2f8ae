// Filling masked words: the callable that pipeline('fill-mask') resolves to. Scores are a softmax over the vocabulary, of
// each mask by itself.
import { checkTexts, inputOf } from '../arguments/encoder.js';
import { checkFillMaskOptions } from '../arguments/fill_mask.js';
import type { CheckedFillMaskOptions } from '../arguments/fill_mask.js';
import { isArray } from '../arguments/values.js';
import type { Engine } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Calibrator } from '../time/calibration.js';
import type {
  FilledMask,
  FillMaskModelInfo,
  FillMaskOptions,
  FillMaskPipeline,
  FillMaskTask,
} from '../types/fill_mask.js';
import { EncoderPipeline } from './encoder_base.js';
import type { Encoded } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { activations } from './scores.js';

class MaskFiller extends EncoderPipeline<FillMaskModelInfo> {
  async fill(
    texts: string | readonly string[],
    given?: FillMaskOptions,
  ): Promise<FilledMask[] | FilledMask[][] | (FilledMask[] | FilledMask[][])[]> {
    const options = checkFillMaskOptions(given, this.speedDefaults);
    const checked = checkTexts(texts, 'text');
    const answers = await this.admitted(() => this.#answer(checked, options));
    return isArray(texts) ? answers : (answers[0] as FilledMask[]);
  }

  async #answer(
    texts: readonly string[],
    { top_k, ...options }: CheckedFillMaskOptions,
  ): Promise<(FilledMask[] | FilledMask[][])[]> {
    const inputs = texts.map((text) => inputOf(text));
    const encoded = await this.encoded(inputs, { ...options, traces: true });
    return Promise.all(encoded.map((each) => this.#filled(each, top_k)));
  }

  async #filled({ raw, stats }: Encoded, top_k: number): Promise<FilledMask[] | FilledMask[][]> {
    const { mask_token, mask_token_id, vocab_size } = this.info;
    const masks = raw.values.length / vocab_size;
    if (masks === 0) {
      const cut = raw.windows?.[0]?.truncated === true ? ' as far as the model reads it' : '';
      throw new LatformerError('invalid_argument', `a text has no ${mask_token}${cut}, so there is nothing to fill`);
    }
    const ids = Array.from(raw.windows?.[0]?.ids ?? []);
    const best = Array.from({ length: masks }, (_, i) => {
      const scores = activations.softmax(raw.values.subarray(i * vocab_size, (i + 1) * vocab_size));
      return Array.from(scores, (score, token) => ({ score, token }))
        .sort((a, b) => b.score - a.score)
        .slice(0, top_k);
    });
    const places = Array.from(ids.keys()).filter((at) => ids[at] === mask_token_id);
    const fillings = best.flatMap((words, i) =>
      words.map(({ token }) => ids.map((id, at) => (at === places[i] ? token : id))),
    );
    const words = best.flat().map(({ token }) => [token]);
    // Where several are masked, the others are shown.
    const sequences = await this.engine.textsOf(fillings, masks === 1);
    const texts = await this.engine.textsOf(words, false);
    let next = 0;
    const lists = best.map((words) =>
      words.map(({ score, token }) => {
        const at = next++;
        const token_str = texts[at] as string;
        return { score, token, token_str, sequence: sequences[at] as string, ...(stats && { stats }) };
      }),
    );
    return masks === 1 ? (lists[0] as FilledMask[]) : lists;
  }
}

export function fillMaskPipeline(
  engine: Engine,
  info: FillMaskModelInfo,
  task: FillMaskTask,
  calibrator: Calibrator,
  maxPending: number,
): FillMaskPipeline {
  const filler = new MaskFiller(engine, info, calibrator, maxPending);
  const fill = (texts: string | readonly string[], options?: FillMaskOptions) => filler.fill(texts, options);
  return callable(fill, filler, { task }) as unknown as FillMaskPipeline;
}
