// The sizes in a config.json, whatever the architecture calls them. To show them, and to choose threads by, before the
// core has read the file: it is the judge of a bad one.

export interface Sizes {
  layers: number;
  hidden: number;
  heads: number;
  intermediate: number;
  positions: number;
}

// As the core has them: core/models/bert/architectures.cc, core/models/gpt2/config.cc.
const fields: Record<string, Record<keyof Sizes, string>> = {
  bert: {
    layers: 'num_hidden_layers',
    hidden: 'hidden_size',
    heads: 'num_attention_heads',
    intermediate: 'intermediate_size',
    positions: 'max_position_embeddings',
  },
  distilbert: {
    layers: 'n_layers',
    hidden: 'dim',
    heads: 'n_heads',
    intermediate: 'hidden_dim',
    positions: 'max_position_embeddings',
  },
  gpt2: { layers: 'n_layer', hidden: 'n_embd', heads: 'n_head', intermediate: 'n_inner', positions: 'n_positions' },
};

/** NaN where the file does not say. */
export function sizesOf(config: Record<string, unknown>): Sizes {
  const names = fields[String(config['model_type'])] ?? fields['bert']!;
  const size = (name: string) => Number(config[name] ?? NaN);
  const hidden = size(names.hidden);
  return {
    layers: size(names.layers),
    hidden,
    heads: size(names.heads),
    // GPT-2 may leave it out.
    intermediate: Number(config[names.intermediate] ?? (names === fields['gpt2'] ? 4 * hidden : NaN)),
    positions: size(names.positions),
  };
}
