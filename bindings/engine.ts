// Engine: what runs one model, whatever it is made of. WebAssembly is one kind (wasm/engine.ts in this thread, wasm/worker.ts
// in another).
//
//   open(small files) -> append(part of the weights)... -> finish() -> the methods of the model's task... -> close()
//   openTokenizer(small files) -> tokenize(), textsOf()... -> close()
//
// Each task adds its methods as an interface of its own. A method that can take long gets a Work as its last argument.
import type { Dtype } from './choices.js';
import type { Pooling } from './types/embedding.js';
import type { BaseModelInfo, StartInfo } from './types/model.js';
import type { TokenizerInfo } from './types/tokenizer.js';

/** How work that takes long stays in touch with whoever asked for it. */
export interface Work<Piece = never> {
  /** Aborted when nobody wants the answer any more; the work ends soon after. */
  readonly signal?: AbortSignal | undefined;
  /** Takes parts of the answer, as they come. */
  readonly onPiece?: ((piece: Piece) => void) | undefined;
}

/** The small files of a model by name, whole. */
export type SmallFiles = ReadonlyMap<string, Uint8Array>;

/** What the core knows about a model that it has loaded; each task's has more. */
export type LoadedModel = Omit<BaseModelInfo, keyof StartInfo>;

/** What a model is opened for. */
export type Kind = 'classification' | 'ranking' | 'tokens' | 'mask' | 'question' | 'embedding' | 'generation';

/** A calibration to keep, and what it says of texts at speedup 1. */
export interface RawCalibration {
  json: string;
  /** Milliseconds of a call without any text. */
  outside: number;
  texts: { tokens: number; milliseconds: number }[];
}

/** One text or pair. Both fields are always there, so that none is looked up in a prototype. */
export interface TextInput {
  text: string;
  text_pair: string | undefined;
}

export interface EncodeOptions {
  speedup: number;
  /** Milliseconds for each input instead; the engine must be calibrated. */
  budget: number | undefined;
  /** The budget is for all inputs together. */
  sharedBudget: boolean;
  windows: boolean;
  stats: boolean;
  /** Of embeddings. */
  pooling?: Pooling | undefined;
  /** Of pairs: the second text in windows of so many tokens, which share so many, each with the whole of the first. */
  windowTokens?: number | undefined;
  windowStride?: number | undefined;
}

export interface RawWindow {
  ids: Int32Array;
  /** Of token classification: what the vocabulary has for each. */
  tokens?: string[];
  sequenceIds: Uint8Array;
  special: Uint8Array;
  continues: Uint8Array;
  truncated: boolean;
  keptPositions: Uint32Array[];
  tokensPerLayer: Uint32Array;
  macs: number;
  achievedSpeedup: number;
  /** Where the model is calibrated. */
  predictedMilliseconds?: number;
}

/** Of one text. */
export interface RawEncoded {
  /** What the model's head made of it: logits, an embedding. Of each window, one behind the other. */
  values: Float32Array;
  /** How many windows. */
  count: number;
  spans?: Uint32Array;
  windows?: RawWindow[];
  /** Where the model is calibrated: with the margin that keeps nearly all calls below it. */
  predictedMilliseconds?: number;
}

export interface Encodings {
  results: RawEncoded[];
  milliseconds: number;
  /** Of these, the core's own. */
  coreMilliseconds: number;
}

export interface Encode {
  /** One batch. */
  encode(inputs: TextInput[], options: EncodeOptions, work?: Work): Promise<Encodings>;
}

export interface Decode {
  /** What the tokens of each text stand for. */
  textsOf(ids: number[][], skipSpecial: boolean): Promise<string[]>;
}

export interface GenerateOptions {
  maxNewTokens: number;
  doSample: boolean;
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  repetitionPenalty: number;
  seed: number;
  numBeams: number;
  lengthPenalty: number;
  stop: string[];
  /** Whether the context slides where it ends. */
  slide: boolean;
  /** How prompts are made shorter; without it, as the profile says. */
  mode: string | undefined;
  speedup: number;
  /** Milliseconds to the first token of each prompt instead; the engine must be calibrated. */
  budget: number | undefined;
}

/** What one step added to one text. */
export interface RawPiece {
  /** Which one. */
  prompt: number;
  text: string;
  /** How many. */
  tokens: number;
  /** Where it ended with this. */
  finish?: 'end' | 'stop' | 'length';
}

export interface RawGenerationStats {
  promptTokens: number;
  reusedTokens: number;
  tokensPerLayer: Uint32Array;
  keptPositions: Uint32Array[];
  requestedSpeedup: number;
  achievedSpeedup: number;
  macs: number;
  cacheBytes: number;
  firstMilliseconds: number;
  newTokens: number;
  tokensPerSecond: number;
}

export interface Generated {
  /** Of each prompt. */
  stats: RawGenerationStats[];
  milliseconds: number;
}

export interface Generate {
  /** Texts that go on from each of `prompts`, in pieces of all of them together. Ends soon after its signal is aborted. */
  generate(prompts: string[], options: GenerateOptions, work?: Work<RawPiece[]>): Promise<Generated>;
}

/** What a tokenizer is; TokenizerInfo has more. */
export type LoadedTokenizer = Omit<TokenizerInfo, keyof StartInfo>;

/** Token by token, what a text becomes; `spans` in UTF-16 units, begin and end in turn. */
export interface RawTokens {
  ids: Int32Array;
  typeIds: Uint8Array;
  spans: Uint32Array;
  tokens: string[];
}

/** Of an engine that has a tokenizer and no model. */
export interface Tokenize {
  openTokenizer(files: SmallFiles): Promise<LoadedTokenizer>;
  /** `special`: with the tokens that the tokenizer puts around. */
  tokenize(input: TextInput, special: boolean): Promise<RawTokens>;
}

/** What a model folder says of itself, each part as far as it can be read. */
export interface Description {
  tokenizer?: {
    /** Where its vocabulary is. */
    file: string;
    type: string;
    /** How many tokens, without those that are added to them. */
    vocabulary: number;
    /** Of BERT's normalizer. */
    lowercase?: boolean;
    strip_accents?: boolean;
    handle_chinese_chars?: boolean;
  };
  weights?: {
    tensors: number;
    parameters: number;
    /** dtype -> parameters stored so. */
    dtypes: Record<string, number>;
  };
}

/**
 * Where the weights of an engine come from: append(), to be its `own`, or as the `first` of those that will share them; or they
 * are `shared` with an engine that has them, and finish() comes next.
 */
export type WeightsFrom = 'own' | 'first' | 'shared';

export interface Engine extends Encode, Decode, Generate, Tokenize {
  /** How many calls it works on at a time. */
  readonly lanes: number;
  /**
   * Without `dtype`, the one that the weights are made for. `origin` says which content model.safetensors has, where that is
   * known.
   */
  open(kind: Kind, files: SmallFiles, dtype: Dtype | undefined, origin: string | undefined): Promise<WeightsFrom>;
  /** The next bytes of model.safetensors, of which the engine becomes the owner. */
  append(bytes: Uint8Array): Promise<void>;
  finish(): Promise<LoadedModel>;
  /** Times the model; `outside` is what a call takes around it, in milliseconds. */
  calibrate(outside: number): Promise<RawCalibration>;
  /** The same from the json of an earlier one. Rejects with code 'bad_model' if it is none. */
  restoreCalibration(json: string): Promise<RawCalibration>;
  /** Waits for its turn like any work: what a call takes besides. */
  nothing(): Promise<void>;
  close(): void;
}
