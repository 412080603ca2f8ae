/** The file vocab.txt. */
export declare const vocabulary: URL;
/** The file model.safetensors. */
export declare const weights: URL;
