// Where the large files of the model are, in the form that bundlers recognise. The small ones are part of latformer's script.
export const vocabulary = new URL('./vocab.txt', import.meta.url);
export const weights = new URL('./model.safetensors', import.meta.url);
