// Ranking: the callable that pipeline('text-ranking') resolves to. A cross-encoder reads the query with each document.
import { checkDocuments, checkRankingOptions } from '../arguments/ranking.js';
import { inputOf } from '../arguments/encoder.js';
import { text } from '../arguments/values.js';
import type { Engine, SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';
import { isObject, objectIn } from '../model/json.js';
import { configFile, sentenceConfigFile } from '../model/names.js';
import type { Calibrator } from '../time/calibration.js';
import type { ModelInfo } from '../types/classification.js';
import type {
  RankedDocument,
  RankingModelInfo,
  RankingOptions,
  RankingTask,
  TextRankingPipeline,
} from '../types/ranking.js';
import { EncoderPipeline } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { activations } from './scores.js';

/**
 * What sentence-transformers makes scores by: the activation that the folder names, by its path in torch, else a sigmoid. A name
 * outside of torch is code of the model's own, which it does not run either.
 */
function scoringOf(files: SmallFiles): RankingModelInfo['function_to_apply'] {
  const config = objectIn(files, configFile);
  const { sentence_transformers: sentences } = config;
  const places: [string, unknown][] = [
    [sentenceConfigFile, objectIn(files, sentenceConfigFile)['activation_fn']],
    [configFile, isObject(sentences) ? sentences['activation_fn'] : undefined],
    [configFile, config['sbert_ce_default_activation_function']],
  ];
  for (const [file, name] of places) {
    if (typeof name !== 'string' || !name.startsWith('torch.')) continue;
    if (name.endsWith('.Identity')) return 'none';
    if (name.endsWith('.Sigmoid')) return 'sigmoid';
    throw new LatformerError('unsupported_model', `${file}: the activation is ${name}, not Identity or Sigmoid`);
  }
  return 'sigmoid';
}

export function rankingInfoOf(model: ModelInfo, files: SmallFiles): RankingModelInfo {
  const { labels } = model;
  if (labels.length !== 1) {
    const which = labels.slice(0, 8).join(', ');
    const message = `text-ranking needs a model with one label; this one has ${labels.length} (${which})`;
    throw new LatformerError('unsupported_model', message);
  }
  return { ...model, function_to_apply: scoringOf(files) };
}

class Ranker extends EncoderPipeline<RankingModelInfo> {
  async rank(query: string, documents: readonly string[], given?: RankingOptions): Promise<RankedDocument<object>[]> {
    const { top_k, returnDocuments, scoreFunction, ...options } = checkRankingOptions(given, this.speedDefaults);
    const asked = text(query, 'the query');
    const texts = checkDocuments(documents);
    const inputs = texts.map((document) => inputOf(asked, document));
    const encoded = await this.admitted(() => this.encoded(inputs, { ...options, together: true }));
    const scored = activations[scoreFunction ?? this.info.function_to_apply];
    return encoded
      .map(({ windows, stats }, corpus_id) => ({
        corpus_id,
        score: scored(windows[0] as Float32Array)[0] as number,
        ...(returnDocuments && { text: texts[corpus_id] as string }),
        ...(stats && { stats }),
      }))
      .sort((a, b) => b.score - a.score) // stable: equal ones stay in the order of the documents
      .slice(0, top_k);
  }
}

export function textRankingPipeline(
  engine: Engine,
  info: RankingModelInfo,
  task: RankingTask,
  calibrator: Calibrator,
  maxPending: number,
): TextRankingPipeline {
  const ranker = new Ranker(engine, info, calibrator, maxPending);
  const rank = (query: string, documents: readonly string[], options?: RankingOptions) =>
    ranker.rank(query, documents, options);
  return callable(rank, ranker, { task }) as unknown as TextRankingPipeline;
}
