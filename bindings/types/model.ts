// Where a model comes from, and what it is.

/** One file of a model. */
export type ModelFileContent = Uint8Array | ArrayBuffer | Blob | URL;

/**
 * Where a model is: a Hugging Face folder by path (Node) or URL, its name on the hub ('user/model'), or its files one by one, e.g.
 * `{ files: { 'config.json': …, 'tokenizer.json': …, 'model.safetensors': … } }`. Names may begin with a folder, the same for
 * all; a FileList is what `<input type="file" webkitdirectory>` has.
 */
export type ModelSource =
  | string
  | URL
  | { readonly files: Readonly<Record<string, ModelFileContent>> | ArrayLike<Blob & { readonly name: string }> };

/** How a model came to run here. */
export interface StartInfo {
  /** Where it was read from: a folder, the address of one, or 'the given files'. */
  source: string;
  /** What runs: the name of a WebAssembly file of the package, `wasmBinary` where that was given, or latformer.node, the addon. */
  binary: string;
  /** How many workers run it; 0 where it runs in the calling thread. */
  workers: number;
  /** What did not go as asked for, in sentences for people: that threads could not be started, say. Mostly empty. */
  notes: readonly string[];
}

/** What a model is, and what it was made for. */
export interface BaseModelInfo extends StartInfo {
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  /** Tokens of the longest input, special tokens included. */
  max_tokens: number;
  max_speedup: number;
  profile: {
    source: 'model' | 'default';
    dropped: 'merge' | 'discard';
    retention: number[];
    acc: number[];
  };
  /** What its linear layers compute in. */
  dtype: 'fp32' | 'q8' | 'q4';
  /** How many threads run it. */
  threads: number;
  /** The instructions that its matrices are multiplied with, for people. */
  kernels: string;
}
