// Arrows point downwards only: what a file includes or imports stands on a floor below its own, or in its own folder
// without a circle. docs/architecture.md has the floors, in a block that is read from there.
//   node scripts/layers.mjs   prints the floors, or each line that points upwards or closes a circle
//
// A circle is one between the children of a folder: its files (a header and the sources of its name count as one) and its
// subfolders, each of these taken as one whole. So a subfolder may stand above some files beside it and below others.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './support/paths.mjs';
import { filesBelow } from './support/stamp.mjs';
import { Failure, main } from './support/steps.mjs';

const isCpp = (file) => /\.(cc|h|inc)$/.test(file);
const isScript = (file) => /\.(ts|mjs|js)$/.test(file);
const isSource = (file) => isCpp(file) || isScript(file);

const cppArrow = /^\s*#\s*include\s*"([^"]+)"/gm;
const scriptArrow = /(?:\bfrom\s+|\bimport\s+|\bimport\s*\(\s*)(['"])(\.{1,2}\/[^'"]+)\1/g;

/** The block ```floors of a document, top floor first, each line the folders of one floor; returned from the ground up. */
export function floorsOf(document) {
  const block = /^```floors\n(.*?)^```$/ms.exec(document)?.[1];
  if (!block) throw new Failure('docs/architecture.md has no block ```floors');
  return block
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .reverse();
}

/** The source file that a name in `file` means, as a path from `folder`; null for a file that is no source of ours. */
function target(folder, file, name) {
  if (isCpp(file)) return existsSync(join(folder, name)) ? name : null;
  const path = relative(folder, resolve(folder, dirname(file), name));
  const endings = [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.d.ts')];
  return endings.find((each) => isSource(each) && existsSync(join(folder, each))) ?? null;
}

/** All includes and imports of these files (paths from `folder`) as {from, to, line}. */
export function arrowsOf(folder, files) {
  const arrows = [];
  for (const from of files) {
    const text = readFileSync(join(folder, from), 'utf8');
    for (const match of text.matchAll(isCpp(from) ? cppArrow : scriptArrow)) {
      const to = target(folder, from, match[2] ?? match[1]);
      if (to) arrows.push({ from, to, line: text.slice(0, match.index + match[0].length).split('\n').length });
    }
  }
  return arrows;
}

/** The longest folder of a floor that holds the file, with its height; null for none. */
function placeOf(floors, file) {
  let place = null;
  for (const [height, folders] of floors.entries()) {
    for (const folder of folders) {
      if (file.startsWith(`${folder}/`) && folder.length > (place?.folder.length ?? 0)) place = { folder, height };
    }
  }
  return place;
}

const without = (file) => file.replace(/(\.d)?\.\w+$/, '');

/** The child of a folder that a path below it belongs to: a file without its ending, or a subfolder with a slash. */
function childOf(folder, path) {
  const rest = path.slice(folder.length + 1);
  const slash = rest.indexOf('/');
  return slash < 0 ? `${folder}/${without(rest)}` : `${folder}/${rest.slice(0, slash)}/`;
}

/** One circle of a graph (Map from node to Map from node to arrow) as its arrows, or null. */
function circleIn(graph) {
  const done = new Set();
  const way = [];
  const visit = (node) => {
    const at = way.findIndex((step) => step.node === node);
    if (at >= 0) return way.slice(at).map(({ arrow }) => arrow);
    if (done.has(node)) return null;
    for (const [next, arrow] of graph.get(node) ?? []) {
      way.push({ node, arrow });
      const circle = visit(next);
      if (circle) return circle;
      way.pop();
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const circle = visit(node);
    if (circle) return circle;
  }
  return null;
}

/** Each circle between the children of one folder: when one is found, its last arrow is taken out and the search goes on. */
function* circlesBelow(place, arrows) {
  const folders = new Map();
  for (const arrow of arrows) {
    for (let folder = dirname(arrow.from); ; folder = dirname(folder)) {
      if (arrow.to.startsWith(`${folder}/`)) {
        const [from, to] = [childOf(folder, arrow.from), childOf(folder, arrow.to)];
        if (from === to) break;
        if (!folders.has(folder)) folders.set(folder, new Map());
        const graph = folders.get(folder);
        if (!graph.has(from)) graph.set(from, new Map());
        if (!graph.get(from).has(to)) graph.get(from).set(to, arrow);
        break;
      }
      if (folder === place) break;
    }
  }
  for (const [folder, graph] of folders) {
    for (let circle = circleIn(graph); circle; circle = circleIn(graph)) {
      yield circle;
      const { from, to } = circle.at(-1);
      graph.get(childOf(folder, from)).delete(childOf(folder, to));
    }
  }
}

/**
 * What is wrong, a sentence each.
 * @param floors from the ground up, each an array of folders
 * @param arrows as arrowsOf() returns them
 */
export function findings(floors, files, arrows) {
  const found = [];
  const inside = new Map(floors.flat().map((folder) => [folder, []]));
  const where = ({ from, line }) => `${from}:${line}`;
  for (const file of files) {
    if (!placeOf(floors, file)) found.push(`${file} stands on no floor of docs/architecture.md`);
  }
  for (const arrow of arrows) {
    const [from, to] = [placeOf(floors, arrow.from), placeOf(floors, arrow.to)];
    if (!from || !to) continue;
    if (from.folder === to.folder) inside.get(from.folder).push(arrow);
    else if (to.height > from.height) found.push(`${where(arrow)} points up, to ${arrow.to}`);
    else if (to.height === from.height) found.push(`${where(arrow)} points aside, to ${arrow.to}`);
  }
  for (const [place, those] of inside) {
    for (const circle of circlesBelow(place, those)) {
      found.push(`a circle:${circle.map((arrow) => `\n  ${where(arrow)} uses ${arrow.to}`).join('')}`);
    }
  }
  return found;
}

/** Checks the repository; returns the floors as text, from the top down. */
export function checkLayers() {
  const floors = floorsOf(readFileSync(join(root, 'docs', 'architecture.md'), 'utf8'));
  const tops = [...new Set(floors.flat().map((folder) => folder.split('/')[0]))];
  const files = filesBelow(...tops)
    .map((file) => relative(root, file))
    .filter((file) => isSource(file) && !file.startsWith('tests/package/project/'));
  const arrows = arrowsOf(root, files);
  const found = findings(floors, files, arrows);
  const count = (folder) => files.filter((file) => placeOf(floors, file)?.folder === folder).length;
  for (const folder of floors.flat()) {
    if (count(folder) === 0) found.push(`docs/architecture.md: ${folder} is a floor without a file`);
  }
  if (found.length > 0) throw new Failure(found.join('\n'));
  return floors
    .map((folders, height) => `  ${String(height).padStart(2)}  ${folders.map((f) => `${f} (${count(f)})`).join('  ')}`)
    .reverse()
    .concat(`${files.length} files, ${arrows.length} arrows, all of them downwards`)
    .join('\n');
}

if (process.argv[1] === import.meta.filename) await main(() => console.log(checkLayers()));
