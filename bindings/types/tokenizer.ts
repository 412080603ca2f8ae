// loadTokenizer(): text -> tokens and back, without a model. Names of options and results are those of transformers.js.
import type { StartInfo } from './model.js';

export interface EncodeTextOptions {
  /** A second text behind the first, as of a question and its answer. */
  text_pair?: string | null | undefined;
  /** Whether [CLS], [SEP] and their like are put around. Default true. */
  add_special_tokens?: boolean | undefined;
  /** Whether the result has `offsets`. Default false. */
  offsets?: boolean | undefined;
}

/** Entry for entry, what a text becomes. */
export interface EncodedText {
  ids: number[];
  tokens: string[];
  attention_mask: number[];
  /** 1 for tokens of the second text where the model tells the two apart, else 0. */
  token_type_ids: number[];
  /** Where it is in its text, as JavaScript counts: text.slice(begin, end). [0, 0] for tokens that were put around. */
  offsets?: [begin: number, end: number][];
}

export interface DecodeOptions {
  /** Leaves out [CLS], [SEP] and their like. Default false. */
  skip_special_tokens?: boolean | undefined;
}

export interface TokenizerInfo extends StartInfo {
  /** As tokenizer.json calls it: 'WordPiece' or 'BPE', say. */
  type: string;
  /** One more than the highest id that a text can have. */
  vocab_size: number;
  /** The most tokens that its model reads, where the folder says so. Longer texts are encoded all the same. */
  max_tokens?: number;
}

export interface Tokenizer {
  readonly info: TokenizerInfo;
  encode(text: string, options?: EncodeTextOptions): Promise<EncodedText>;
  /** Ids that no token has add nothing. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): Promise<string>;
  /** Ends it; calls that wait, and later ones, reject with code 'disposed'. */
  dispose(): void;
}
