// loadTokenizer(): the tokenizer of a model without the model, in an engine of its own.
import { checkPipelineOptions } from './arguments/pipeline.js';
import { checkDecode, checkEncode } from './arguments/tokenizer.js';
import type { Engine } from './engine.js';
import { frozen, loadInto } from './loading.js';
import type { BundledModel } from './model/bundled.js';
import type { Platform } from './platform.js';
import type { Environment } from './types/environment.js';
import type { ModelSource } from './types/model.js';
import type { TokenizerFactory } from './types/pipeline.js';
import type { DecodeOptions, EncodedText, EncodeTextOptions, Tokenizer, TokenizerInfo } from './types/tokenizer.js';

class LoadedTokenizer implements Tokenizer {
  readonly #engine: Engine;

  constructor(
    engine: Engine,
    readonly info: TokenizerInfo,
  ) {
    this.#engine = engine;
  }

  async encode(text: string, options?: EncodeTextOptions): Promise<EncodedText> {
    const { input, addsSpecial, hasOffsets } = checkEncode(text, options);
    const { ids, typeIds, spans, tokens } = await this.#engine.tokenize(input, addsSpecial);
    return {
      ids: Array.from(ids),
      tokens,
      attention_mask: tokens.map(() => 1),
      token_type_ids: Array.from(typeIds),
      ...(hasOffsets && { offsets: tokens.map((_, i): [number, number] => [spans[2 * i]!, spans[2 * i + 1]!]) }),
    };
  }

  async decode(given: ArrayLike<number>, options?: DecodeOptions): Promise<string> {
    const { ids, skipsSpecial } = checkDecode(given, options);
    const [text] = await this.#engine.textsOf([ids], skipsSpecial);
    return text!;
  }

  dispose(): void {
    this.#engine.close();
  }
}

/** `bundled`: the model of those who name none. */
export function createTokenizerFactory(platform: Platform, env: Environment, bundled?: BundledModel): TokenizerFactory {
  return async (model?: ModelSource | null, given?: unknown): Promise<Tokenizer> => {
    const options = { ...checkPipelineOptions(given), threads: 1 };
    if ((model ?? undefined) === undefined && bundled === undefined) {
      throw new TypeError('loadTokenizer() needs a model: a folder, a URL, a name or { files }');
    }
    return loadInto(
      { platform, env, bundled },
      model ?? undefined,
      options,
      async ({ engine, start }, reader, about) => {
        const reading = reader.tokenizer();
        reading.catch(() => undefined); // it is awaited below, unless something else fails first
        const started = await start(Promise.resolve(new Uint8Array()));
        return frozen({ ...(await engine.openTokenizer(await reading)), ...about(started) });
      },
      async ({ engine, name, value }) => {
        options.progress({ status: 'ready', task: 'tokenizer', model: name });
        return new LoadedTokenizer(engine, value);
      },
    );
  };
}
