// What the charts have in common: colours of the libraries, text and lines in light and dark, the frame.
export const colours = { latformer: '#2f88c9', 'onnxruntime-web': '#d1495b' };

const style = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .grid { stroke: #8884; stroke-width: 1 }
  @media (prefers-color-scheme: dark) { text { fill: #d0d7de } }`;

/** A line across at `y`, with its value at the left. */
export const level = (y, left, right, value) =>
  `<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/>` +
  `<text text-anchor="end" x="${left - 8}" y="${y + 4}">${value}</text>`;

/** SVG as text; `label`: for those who do not see it. */
export const svg = (width, height, label, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">\n` +
  `<style>${style}\n</style>\n${parts.join('\n')}\n</svg>\n`;
