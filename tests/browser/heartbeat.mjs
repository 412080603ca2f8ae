// How long a page stands still while it classifies: run in pages, so it names nothing outside of itself.

/** Beats of a timer while a long text is classified, the longest time without one, and how long all of it took, in milliseconds. */
export async function heartbeat(sentence) {
  const { pipeline } = await import('/dist/web.mjs');
  const classify = await pipeline('sentiment-analysis');
  const text = Array.from({ length: 60 }, () => sentence).join(' ');
  let [last, longestGap, beats] = [performance.now(), 0, 0];
  const heart = setInterval(() => {
    const now = performance.now();
    longestGap = Math.max(longestGap, now - last);
    last = now;
    ++beats;
  }, 5);
  const start = performance.now();
  await classify(text, { long_text: 'windows' });
  const duration = performance.now() - start;
  clearInterval(heart);
  await classify.dispose();
  return { beats, longestGap, duration };
}
