// Files of any of the four formats -> texts to classify, one by one and in order.
//
//   text    one text a line; an empty line is an empty text, so that the n-th answer belongs to the n-th line
//   csv     RFC 4180 with a header
//   tsv     fields parted by tabs, with a header, no quoting
//   jsonl   one object a line, or a plain string; blank lines are passed over; or one array of these, over any lines
//
// The text stands in column (field) --column, else `text`, else `sentence`, else the only one there is (of JSON: that the
// first object has); the second text of a pair in --pair-column, else, where --column is not given, in `text_pair` if there
// is one.
import { extname } from 'node:path';
import { badInput, misuse } from '../failure.js';
import { csvRows } from './csv.js';
import type { Row } from './csv.js';
import { decodedParts, linesOf, nameOf } from './lines.js';
import type { Line } from './lines.js';

export const inputFormats = ['text', 'csv', 'tsv', 'jsonl'] as const;
export type InputFormat = (typeof inputFormats)[number];

export interface TextRecord {
  text: string;
  text_pair?: string;
  label?: string;
  /** `file:line`, for errors. */
  place: string;
}

export interface Columns {
  text?: string | undefined;
  pair?: string | undefined;
  /** Labels are read only if this is given. */
  label?: string | undefined;
}

export interface ReadOptions {
  /** By the file's extension if not given; text for standard input. */
  format?: InputFormat | undefined;
  columns?: Columns;
  onBytes?: (count: number) => void;
}

const formatOfExtension: Record<string, InputFormat> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
};

const maxArrayLength = 2 ** 28; // UTF-16 units

/** The column or field of the text where none is named: `text`, else `sentence`, else the only one. */
const defaultText = (names: readonly string[]): string | undefined =>
  ['text', 'sentence'].find((name) => names.includes(name)) ?? (names.length === 1 ? names[0] : undefined);

function formatOf(file: string, { format, columns }: ReadOptions): InputFormat {
  const detected = format ?? formatOfExtension[extname(file).toLowerCase()] ?? 'text';
  const named = Object.values(columns ?? {}).some((column) => column !== undefined);
  if (detected === 'text' && named) {
    throw misuse(
      `${nameOf(file)} is read as lines of text, which have no columns; --input-format csv, tsv or jsonl says otherwise`,
    );
  }
  return detected;
}

export async function* readTexts(files: readonly string[], options: ReadOptions): AsyncGenerator<TextRecord> {
  const { columns = {}, onBytes = () => undefined } = options;
  const formats = files.map((file) => formatOf(file, options)); // misuse is told before anything is read
  for (const [index, file] of files.entries()) {
    const name = nameOf(file);
    const parts = decodedParts(file, onBytes);
    switch (formats[index]) {
      case 'csv':
        yield* tableTexts(csvRows(parts, name), columns, name);
        break;
      case 'tsv':
        yield* tableTexts(tsvRows(linesOf(parts, name)), columns, name);
        break;
      case 'jsonl':
        yield* jsonTexts(linesOf(parts, name), columns, name);
        break;
      default:
        for await (const { text, line } of linesOf(parts, name)) yield { text, place: `${name}:${line}` };
    }
  }
}

async function* tsvRows(lines: AsyncIterable<Line>): AsyncGenerator<Row> {
  for await (const { text, line } of lines) yield { fields: text.split('\t'), line };
}

/** Where in a row each thing stands, by the header. */
function columnIndexes(header: readonly string[], columns: Columns, name: string) {
  const available = header.map((column) => `'${column}'`).join(', ');
  const indexOf = (column: string): number => {
    const index = header.indexOf(column);
    if (index < 0) throw badInput(`${name}: there is no column '${column}'; available are ${available}`);
    return index;
  };
  const optional = (column: string | undefined): number | undefined =>
    column === undefined ? undefined : indexOf(column);

  const text = columns.text ?? defaultText(header);
  if (text === undefined) {
    throw badInput(`${name}: there is no column 'text' or 'sentence'; choose one with --column: ${available}`);
  }
  const isPairDefault = columns.text === undefined && header.includes('text_pair');
  return {
    text: indexOf(text),
    pair: optional(columns.pair ?? (isPairDefault ? 'text_pair' : undefined)),
    label: optional(columns.label),
  };
}

async function* tableTexts(rows: AsyncIterable<Row>, columns: Columns, name: string): AsyncGenerator<TextRecord> {
  let header: string[] | undefined;
  let indexes = { text: 0, pair: undefined as number | undefined, label: undefined as number | undefined };
  for await (const { fields, line } of rows) {
    const place = `${name}:${line}`;
    if (header === undefined) {
      header = fields;
      indexes = columnIndexes(header, columns, name);
      continue;
    }
    if (fields.length === 1 && fields[0] === '' && header.length > 1) continue; // a blank line
    if (fields.length !== header.length) {
      throw badInput(`${place}: ${fields.length} fields, but the header has ${header.length}`);
    }
    const field = (index: number): string => fields[index] ?? '';
    yield {
      text: field(indexes.text),
      ...(indexes.pair === undefined ? {} : { text_pair: field(indexes.pair) }),
      ...(indexes.label === undefined ? {} : { label: field(indexes.label) }),
      place,
    };
  }
}

/** A value of a JSON line as an error shows it. */
const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`.replace('a object', 'an object');

function parseJson(json: string, place: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw badInput(`${place}: not JSON: ${(error as Error).message}`);
  }
}

async function* jsonTexts(lines: AsyncIterable<Line>, columns: Columns, name: string): AsyncGenerator<TextRecord> {
  const fields = new TextField();
  let array: string[] | undefined; // its lines, if the first one begins an array
  let length = 0;
  let isFirst = true;
  for await (const { text: json, line } of lines) {
    if (isFirst && json.trimStart().startsWith('[')) array = [];
    if (array !== undefined) {
      array.push(json);
      length += json.length + 1;
      if (length > maxArrayLength)
        throw badInput(`${name}: the array is longer than 256 MiB; a value a line has no limit`);
    } else if (json.trim() !== '') {
      const place = `${name}:${line}`;
      yield textOfJson(parseJson(json, place), columns, fields, place);
    }
    isFirst &&= json.trim() === '';
  }
  if (array === undefined) return;
  const values = parseJson(array.join('\n'), name) as unknown[]; // what begins with [ is an array
  for (const [index, value] of values.entries()) yield textOfJson(value, columns, fields, `${name}: item ${index + 1}`);
}

/** Which field of JSON objects has the text where none is named. The only one that the first object has counts for all. */
class TextField {
  #only: string | null | undefined; // null: the first object has others

  in(names: readonly string[]): string | undefined {
    if (this.#only === undefined) {
      const field = defaultText(names);
      this.#only = field === undefined || field === 'text' || field === 'sentence' ? null : field;
    }
    return ['text', 'sentence'].find((name) => names.includes(name)) ?? this.#only ?? undefined;
  }
}

function textOfJson(value: unknown, columns: Columns, textField: TextField, place: string): TextRecord {
  const isNamed = Object.values(columns).some((column) => column !== undefined);
  if (typeof value === 'string' && !isNamed) return { text: value, place };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badInput(`${place}: ${isNamed ? '' : 'a string or '}an object is expected, not ${kindOf(value)}`);
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  const get = (field: string): unknown => {
    if (!fields.has(field)) {
      const available = [...fields.keys()].map((key) => `'${key}'`).join(', ');
      throw badInput(`${place}: there is no field '${field}'; available are ${available || 'none'}`);
    }
    return fields.get(field);
  };
  const string = (field: string): string => {
    const found = get(field);
    if (typeof found !== 'string') throw badInput(`${place}: field '${field}' must be a string, not ${kindOf(found)}`);
    return found;
  };

  const { text, pair, label } = columns;
  const record: TextRecord = { text: string(text ?? textField.in([...fields.keys()]) ?? 'text'), place };
  const pairField = pair ?? (text === undefined && fields.has('text_pair') ? 'text_pair' : undefined);
  if (pairField !== undefined && get(pairField) !== null) record.text_pair = string(pairField);
  if (label !== undefined) {
    const found = get(label);
    if (typeof found === 'object') throw badInput(`${place}: field '${label}' must be a label, not ${kindOf(found)}`);
    record.label = String(found);
  }
  return record;
}
