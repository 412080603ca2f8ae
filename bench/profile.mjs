// Where the time of a run goes, function by function: the core as WebAssembly with its functions' names, under Node's
// sampling profiler. Nothing in the core knows of it.
//
//   npm run bench:profile -- DIR [--tokens 128] [--speedup 1] [--dtype auto|fp32|q8] [--relaxed]
//                                [--seconds 4] [--top 25]
//
// `self` is the share of the time in the function itself; `within`, which part of the core had called it.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodes } from '../scripts/setup/node.mjs';
import { root } from '../scripts/support/paths.mjs';
import { Failure, main } from '../scripts/support/steps.mjs';
import { buildProgram } from './support/build.mjs';
import { prepareModel, textOf } from './support/models.mjs';
import { table } from './support/table.mjs';

/** Runs the program over `lines` of standard input; gives what it printed. */
function feed(command, args, lines) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Failure(`it ended with exit code ${code}`)),
    );
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  });
}

/** What is left of a C++ name when namespaces, template and function arguments are taken away. */
function shortName(name) {
  const plain = name
    .replace(/^[\w: ]+ (?=\w+::)/, '') // the type of what it gives
    .replace(/^.*?\b(?=latformer::)/, '')
    .replaceAll('(anonymous namespace)::', '')
    .replaceAll('latformer::', '')
    .replaceAll('std::__2::', 'std::');
  const end = plain.search(/[<(]/);
  return (end > 0 ? plain.slice(0, end) : plain).slice(0, 60);
}

/** Microseconds by `function \0 part of the core that called it`, for samples inside answer() of classify.cc. */
function selfTimes({ nodes: frames, samples, timeDeltas }) {
  const places = new Map(); // by node id: a key, or null outside
  const parents = new Map(frames.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const byId = new Map(frames.map((frame) => [frame.id, frame]));
  const nameOf = (id) => byId.get(id).callFrame.functionName;
  for (const { id } of frames) {
    let caller = '';
    let inside = false;
    for (let at = id; at !== undefined && !inside; at = parents.get(at)) {
      const name = nameOf(at);
      inside = name.includes('::answer(latformer::Classifier');
      if (caller === '' && at !== id && name.includes('latformer::')) caller = shortName(name);
    }
    places.set(id, inside ? `${shortName(nameOf(id))}\0${caller}` : null);
  }
  const times = new Map();
  samples.forEach((id, i) => {
    const place = places.get(id);
    if (place !== null) times.set(place, (times.get(place) ?? 0) + timeDeltas[i]);
  });
  return times;
}

async function profile() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tokens: { type: 'string', default: '128' },
      speedup: { type: 'string', default: '1' },
      dtype: { type: 'string', default: 'auto' },
      relaxed: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '4' },
      top: { type: 'string', default: '25' },
    },
  });
  if (positionals.length !== 1) throw new Failure('name one model folder: npm run bench:profile -- DIR');
  const { name, folder } = await prepareModel(positionals[0]);
  const program = await buildProgram(values.relaxed ? 'wasm-relaxed' : 'wasm', 'bench_classify');
  const node = nodes().find(({ version }) => !values.relaxed || Number(version.split('.')[0]) >= 22);
  if (!node) throw new Failure('relaxed SIMD needs Node 22 or newer; npm test sets one up');
  const args = [program, folder, '1', values.dtype];
  const request = (runs) => `${runs} ${values.speedup} ${textOf(Number(values.tokens))}`;

  const timesOf = (output) => JSON.parse(output.trim().split('\n').at(-1));
  const warm = timesOf(await feed(node.path, args, [request(3)]));
  const runs = Math.max(3, Math.ceil((1000 * Number(values.seconds)) / Math.min(...warm)));

  const traces = await mkdtemp(join(tmpdir(), 'latformer-profile-'));
  try {
    const sampled = ['--no-liftoff', '--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${traces}`, ...args];
    const times = timesOf(await feed(node.path, sampled, [request(runs)])).sort((a, b) => a - b);
    const [file] = await readdir(traces);
    const self = selfTimes(JSON.parse(await readFile(join(traces, file), 'utf8')));
    const total = [...self.values()].reduce((sum, time) => sum + time, 0);
    const rows = [...self]
      .sort(([, a], [, b]) => b - a)
      .slice(0, Number(values.top))
      .map(([place, time]) => {
        const [own, caller] = place.split('\0');
        return [`${((100 * time) / total).toFixed(1)} %`, (time / 1000 / runs).toFixed(3), own, caller];
      });
    console.log(
      `\n${name}, ${values.tokens} tokens, speedup ${values.speedup}, ${values.dtype}, one thread, ` +
        `${values.relaxed ? 'relaxed' : 'base'} SIMD, Node ${node.version}: ` +
        `${times[times.length >> 1].toFixed(2)} ms, median of ${runs} runs under the profiler\n`,
    );
    console.log(table([['self', 'ms a run', 'function', 'within'], ...rows], 'rrll'));
  } finally {
    await rm(traces, { recursive: true });
  }
}

await main(profile);
