// The words of a text, and which of them were left after each layer.

/** Where words begin and end in the text: the pieces of one word, by word_id, taken together. */
function wordsOf(tokens) {
  const words = new Map();
  for (const { begin, end, word_id } of tokens) {
    if (word_id === null) continue;
    words.set(word_id, { begin: words.get(word_id)?.begin ?? begin, end });
  }
  return words;
}

/**
 * For each layer the text in pieces, [{ text, kept }], each as long as words next to each other share their fate. The
 * last layer, which computes [CLS] alone, is left out.
 */
export function layersOf(text, { words: tokens, kept }) {
  const words = wordsOf(tokens);
  return kept.slice(0, -1).map((positions) => {
    const survivors = new Set(positions.map((position) => tokens[position].word_id));
    const pieces = [];
    let at = 0;
    let count = 0;
    const add = (end, isKept) => {
      const last = pieces.at(-1);
      if (last?.kept === isKept) last.text += text.slice(at, end);
      else if (end > at) pieces.push({ text: text.slice(at, end), kept: isKept });
      at = end;
    };
    for (const [id, { end }] of words) {
      const isKept = survivors.has(id);
      if (isKept) ++count;
      add(end, isKept); // with the white space before it
    }
    add(text.length, false);
    return { pieces, kept: count, words: words.size };
  });
}
