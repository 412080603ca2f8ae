// The words of a text, and how far up the layers each of them lives.

/** Where words begin and end in the text: the pieces of one word, by word_id, taken together. */
function spansOf(tokens) {
  const words = new Map();
  for (const { begin, end, word_id } of tokens) {
    if (word_id === null) continue;
    words.set(word_id, { begin: words.get(word_id)?.begin ?? begin, end });
  }
  return words;
}

/**
 * [{ text, layers }] in the order of the text, which they are together: `layers` is how many layers a word leaves with a
 * vector of its own, and undefined for what is no word. The last layer, which computes [CLS] alone, does not count.
 */
export function wordsOf(text, { words: tokens, kept }) {
  const lives = new Map();
  kept.slice(0, -1).forEach((positions, layer) => {
    for (const position of positions) lives.set(tokens[position].word_id, layer + 1);
  });
  const words = [];
  let at = 0;
  for (const [id, { begin, end }] of spansOf(tokens)) {
    if (begin > at) words.push({ text: text.slice(at, begin), layers: undefined });
    words.push({ text: text.slice(begin, end), layers: lives.get(id) ?? 0 });
    at = end;
  }
  if (at < text.length) words.push({ text: text.slice(at), layers: undefined });
  return words;
}
