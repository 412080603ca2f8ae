// Results as tables: what the terminal shows, and what docs/performance.md is made of.
//
// A table is { title, head, rows } of texts. Peers are compared at the same number of threads, precision and runtime.
import { table } from '../support/table.mjs';

const unique = (values) => [...new Set(values)];
const digits = (value) => (value < 9.95 ? value.toFixed(2) : value < 99.5 ? value.toFixed(1) : value.toFixed(0));
const times = (value) => `${value.toFixed(2)}x`;
const baseline = 'onnxruntime-web';
const ownNative = ['latformer native', 'latformer (native addon)'];
const baselineOf = (library) => (ownNative.includes(library) ? 'onnxruntime-node' : baseline);

const precision = (dtype) => (dtype === 'q8' ? 'int8' : 'f32');
const nameOf = ({ library, dtype, threads, speedup = 1 }) =>
  `${library} ${precision(dtype)}${threads > 1 ? `, ${threads} threads` : ''}${speedup > 1 ? `, speedup ${speedup}` : ''}`;

const find = (rows, wanted) => rows.find((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));

function latencyTables(rows, where, { brief }) {
  const sizes = unique(rows.map(({ size }) => size));
  const at = (row, size, other = {}) => {
    const { library, dtype, threads, speedup } = row;
    return find(rows, { library, dtype, threads, speedup, ...other, size });
  };
  const lines = rows.filter(({ size }) => size === sizes[0]);
  const head = (first) => [first, ...sizes.map(String)];
  const full = lines.filter(({ speedup }) => speedup === 1);

  const milliseconds = {
    title: `${where}: milliseconds by tokens, and times as fast as ${baseline} (native: as onnxruntime-node)`,
    head: head('tokens'),
    rows: lines
      .filter(({ speedup, library }) => speedup === 1 || (speedup === 4.8 && library.startsWith('latformer')))
      .map((line) => [
        nameOf(line),
        ...sizes.map((size) => {
          const peer = at(line, size, { library: baselineOf(line.library), speedup: 1 });
          const { value } = at(line, size);
          return peer && line.library !== baseline ? `${digits(value)} (${times(peer.value / value)})` : digits(value);
        }),
      ]),
  };
  const achieved = {
    title: `${where}: how much faster a speedup is, against the same model at speedup 1`,
    head: head('requested'),
    rows: lines
      .filter(({ speedup, threads }) => speedup > 1 && (!brief || threads === 1))
      .map((line) => [
        nameOf(line),
        ...sizes.map((size) => times(at(line, size, { speedup: 1 }).value / at(line, size).value)),
      ]),
  };
  const threaded = {
    title: `${where}: two threads against one`,
    head: head('tokens'),
    rows: full
      .filter((line) => line.threads === 2 && at(line, sizes[0], { threads: 1 }))
      .map((line) => [
        `${line.library} ${precision(line.dtype)}`,
        ...sizes.map((size) => times(at(line, size, { threads: 1 }).value / at(line, size).value)),
      ]),
  };
  const rates = {
    title: `${where}: GOP/s, counting the whole model`,
    head: head('tokens'),
    rows: full.map((line) => [nameOf(line), ...sizes.map((size) => digits(at(line, size).rate))]),
  };
  return brief ? [milliseconds, achieved, threaded] : [milliseconds, achieved, threaded, rates];
}

function throughputTables(rows, where) {
  return unique(rows.map(({ set }) => set)).map((set) => {
    const these = rows.filter((row) => row.set === set);
    const best = Math.max(...these.filter(({ library }) => library === baseline).map(({ value }) => value), 0);
    return {
      title: `${where}: ${these[0].size} texts of ${set}`,
      head: ['', 'texts in a call', 'texts/s', `against the better of ${baseline}`],
      rows: these.map((row) => [
        nameOf(row),
        row.batch === row.size ? 'all, packed' : row.batch === 1 ? '1' : `${row.batch}, padded`,
        digits(row.value),
        best > 0 ? times(row.value / best) : '',
      ]),
    };
  });
}

function loadTables(rows, where) {
  const memory = rows.some(({ unit }) => unit === 'MB');
  return [
    {
      title: `${where}: from the start of the ${memory ? 'process' : 'page'} to the first answer (16 tokens)`,
      head: ['', 'ms', ...(memory ? ["peak memory above Node's own, MB"] : [])],
      rows: rows
        .filter(({ unit }) => unit === 'ms')
        .map((row) => {
          const { library, dtype, threads } = row;
          const name = library === 'nothing' ? 'nothing loaded' : nameOf(row);
          if (!memory) return [name, digits(row.value)];
          const used = find(rows, { library, dtype, threads, unit: 'MB' });
          return [name, digits(row.value), library === 'nothing' ? '0' : digits(used.value)];
        }),
    },
  ];
}

/** Whole runs against the peak of their instruction set, which the parts of question `kernels` have measured. */
function rooflineTable(kernels, latency, where) {
  const peakOf = ({ library, dtype }) => {
    const native = [...ownNative, 'onnxruntime-node', 'transformers.js'].includes(library); // in Node
    return find(kernels, { library: native ? 'latformer native' : 'latformer', dtype, threads: 1 })?.peak;
  };
  const lines = latency.filter((row) => row.threads === 1 && row.speedup === 1 && peakOf(row));
  const sizes = unique(lines.map(({ size }) => size));
  const names = unique(lines.map(nameOf));
  return {
    title: `${where}: whole runs at speedup 1, GOP/s and share of that peak (counting the last layer in full)`,
    head: ['tokens', ...sizes.map(String)],
    rows: names.map((name) => [
      name,
      ...sizes.map((size) => {
        const row = lines.find((line) => nameOf(line) === name && line.size === size);
        return `${digits(row.rate)} (${((100 * row.rate) / peakOf(row)).toFixed(0)} %)`;
      }),
    ]),
  };
}

/** Ours beside XNNPACK's, in one line each, so that the choice of each can be read. */
function choiceTable(rows, where) {
  const lines = rows.filter(({ library }) => library.startsWith('XNNPACK'));
  return {
    title: `${where}: our kernels and XNNPACK's, GOP/s (functions: 10^9 values/s); what is used: tanh and softmax XNNPACK's, else ours`,
    head: ['', 'latformer', 'XNNPACK', 'XNNPACK / latformer'],
    rows: lines.map((theirs) => {
      const { dtype, threads, size, set } = theirs;
      const library = theirs.library.replace('XNNPACK', 'latformer');
      const ours = rows.find((row) =>
        Object.entries({ library, dtype, threads, size, set }).every(([key, value]) => row[key] === value),
      );
      const place = theirs.library.includes('native') ? 'native, ' : '';
      const what = set
        ? `${set}${set === 'tanh' ? ' (ours: the scalar twin)' : ''}, ${size} values`
        : `${precision(dtype)}, ${size} rows`;
      return [place + what, digits(ours.value), digits(theirs.value), (theirs.value / ours.value).toFixed(2)];
    }),
  };
}

function kernelTables(measured, where, { brief, all }) {
  const rows = measured.filter(({ library, set }) => library.startsWith('latformer') && !set);
  const sizes = unique(rows.map(({ size }) => size)).filter(
    (size) => !brief || [1, 4, 16, 27, 128, 512].includes(size),
  );
  const lines = unique(rows.map(({ library, dtype, threads }) => JSON.stringify({ library, dtype, threads })));
  return [
    choiceTable(measured, where),
    {
      title: `${where}: linear layers by number of rows, GOP/s and share of the measured peak`,
      head: ['rows', 'peak', ...sizes.map(String)],
      rows: lines.map(JSON.parse).map((line) => [
        nameOf(line),
        digits(find(rows, line).peak),
        ...sizes.map((size) => {
          const { value, peak } = find(rows, { ...line, size });
          return `${value.toFixed(0)} (${((100 * value) / peak).toFixed(0)} %)`;
        }),
      ]),
    },
    rooflineTable(
      rows,
      all.filter(
        ({ question, model, version }) =>
          question === 'latency' && model === rows[0].model && version === rows[0].version,
      ),
      where,
    ),
  ];
}

const makers = {
  latency: latencyTables,
  throughput: throughputTables,
  load: loadTables,
  kernels: kernelTables,
};

/**
 * Tables of the rows of one part: one question, model and runtime; `brief` leaves out what follows from others, `all` has
 * those of other parts.
 */
export function tablesOf(rows, { brief = false, all = rows } = {}) {
  const [{ question, machine, model, version }] = rows;
  return makers[question](rows, `${model}, ${version}${machine ? `, ${machine}` : ''}`, { brief, all }).filter(
    (each) => each.rows.length > 0,
  );
}

export const textTables = (rows) =>
  tablesOf(rows)
    .map(({ title, head, rows: lines }) => `\n${title}\n${table([head, ...lines])}\n`)
    .join('');

/** For a first page: one length, one thread, every model and runtime; how many times as fast as the peer. */
export function headline(rows, size = 128) {
  const latency = rows.filter((row) => row.question === 'latency' && row.size === size && row.threads === 1);
  const places = unique(latency.map(({ model, version }) => JSON.stringify({ model, version }))).map(JSON.parse);
  return {
    head: ['', baseline, 'latformer', 'at speedup 4.8'],
    rows: places.flatMap((place) =>
      ['fp32', 'q8'].flatMap((dtype) => {
        const value = (library, speedup) => find(latency, { ...place, library, dtype, speedup })?.value;
        const [peer, ours, faster] = [value(baseline, 1), value('latformer', 1), value('latformer', 4.8)];
        if (!peer || !ours || !faster) return [];
        const cell = (milliseconds) => `${digits(milliseconds)} ms (${times(peer / milliseconds)})`;
        const name = `${place.model}, ${precision(dtype)}, ${place.version.replace(/\.\d.*$/, '')}`;
        return [[name, `${digits(peer)} ms`, cell(ours), cell(faster)]];
      }),
    ),
  };
}
