// The sizes in a config.json, whatever the architecture calls them. To show them, and to choose threads by, before the
// core has read the file: it is the judge of a bad one.

export interface Sizes {
  layers: number;
  hidden: number;
  heads: number;
  intermediate: number;
}

// As the core has them: core/models/bert/architectures.cc.
const fields: Record<string, Record<keyof Sizes, string>> = {
  bert: {
    layers: 'num_hidden_layers',
    hidden: 'hidden_size',
    heads: 'num_attention_heads',
    intermediate: 'intermediate_size',
  },
  distilbert: { layers: 'n_layers', hidden: 'dim', heads: 'n_heads', intermediate: 'hidden_dim' },
};

/** NaN where the file does not say. */
export function sizesOf(config: Record<string, unknown>): Sizes {
  const names = fields[String(config['model_type'])] ?? fields['bert']!;
  const size = (name: string) => Number(config[name]);
  return {
    layers: size(names.layers),
    hidden: size(names.hidden),
    heads: size(names.heads),
    intermediate: size(names.intermediate),
  };
}
