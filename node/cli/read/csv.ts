// CSV as RFC 4180 has it: fields parted by commas; a field in quotes may hold commas, line ends, and quotes written
// twice. A quote inside a field that does not begin with one stands for itself.
//
// Where the header has no comma, what parts its fields instead is taken, as spreadsheets write it in many countries.
import { badInput } from '../failure.js';
import { maxRecordLength, withoutReturn } from './lines.js';

export interface Row {
  fields: string[];
  /** Where it begins, counted from 1. */
  line: number;
}

const separators = [',', ';', '\t', '|'] as const;
type Separator = (typeof separators)[number];

/** What the header, the first line, has outside of quotes: a comma if there is one, else what there is most of. */
function separatorOf(header: string): Separator {
  const plain = header.replace(/"[^"]*"?/g, '');
  const count = (separator: Separator): number => plain.split(separator).length - 1;
  if (count(',') > 0) return ',';
  return separators.reduce((best, each) => (count(each) > count(best) ? each : best));
}

class CsvParser {
  // start: at the beginning of a field. plain: in a field without quotes. quoted: between quotes. closed: behind a
  // quote that ends the field, unless another quote follows at once.
  #state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  #fields: string[] = [];
  #field = '';
  #behind = ''; // what stands between a closing quote and the separator
  #length = 0; // of this row
  #rowLine = 1;
  #line = 1;

  readonly #ends: RegExp;

  constructor(
    readonly name: string,
    readonly separator: Separator,
  ) {
    this.#ends = new RegExp(`[${separator}\\n]`, 'g');
  }

  *push(part: string): Generator<Row> {
    let at = 0;
    while (at < part.length) {
      if (this.#state === 'start') {
        this.#state = part[at] === '"' ? 'quoted' : 'plain';
        if (this.#state === 'quoted') ++at;
      } else if (this.#state === 'quoted') {
        at = this.#readQuoted(part, at);
      } else if (this.#state === 'closed' && this.#behind === '' && part[at] === '"') {
        this.#field += '"';
        this.#state = 'quoted';
        ++at;
      } else {
        this.#ends.lastIndex = at;
        const end = this.#ends.exec(part)?.index ?? part.length;
        this.#append(part.slice(at, end));
        if (part[end] === this.separator) this.#endField(false);
        if (part[end] === '\n') yield this.#endRow();
        at = end + 1;
      }
    }
  }

  *end(): Generator<Row> {
    if (this.#state === 'quoted') {
      throw badInput(`${this.name}:${this.#rowLine}: a quote in this record is never closed`);
    }
    if (this.#state !== 'start' || this.#fields.length > 0) yield this.#endRow();
  }

  #readQuoted(part: string, begin: number): number {
    const quote = part.indexOf('"', begin);
    const end = quote < 0 ? part.length : quote;
    this.#append(part.slice(begin, end));
    for (let at = part.indexOf('\n', begin); at >= 0 && at < end; at = part.indexOf('\n', at + 1)) ++this.#line;
    if (quote >= 0) this.#state = 'closed';
    return end + 1;
  }

  #append(text: string): void {
    this.#length += text.length;
    if (this.#length > maxRecordLength) {
      throw badInput(
        `${this.name}:${this.#rowLine}: the record is longer than 16 Mi characters; is a quote never closed?`,
      );
    }
    if (this.#state === 'closed') this.#behind += text;
    else this.#field += text;
  }

  #endField(isLast: boolean): void {
    if (isLast && this.#state === 'plain') this.#field = withoutReturn(this.#field);
    if (isLast) this.#behind = withoutReturn(this.#behind);
    if (this.#behind !== '') {
      throw badInput(
        `${this.name}:${this.#line}: text follows a closing quote: ${JSON.stringify(this.#behind.slice(0, 20))}`,
      );
    }
    this.#fields.push(this.#field);
    this.#field = '';
    this.#state = 'start';
  }

  #endRow(): Row {
    this.#endField(true);
    const row = { fields: this.#fields, line: this.#rowLine };
    this.#fields = [];
    this.#length = 0;
    this.#rowLine = ++this.#line;
    return row;
  }
}

export async function* csvRows(parts: AsyncIterable<string>, name: string): AsyncGenerator<Row> {
  let parser: CsvParser | undefined;
  let begin = ''; // up to the end of the first line
  for await (const part of parts) {
    if (parser !== undefined) {
      yield* parser.push(part);
      continue;
    }
    begin += part;
    if (!begin.includes('\n') && begin.length <= maxRecordLength) continue;
    parser = new CsvParser(name, separatorOf(begin.split('\n', 1)[0] ?? ''));
    yield* parser.push(begin);
  }
  if (parser === undefined) {
    parser = new CsvParser(name, separatorOf(begin));
    yield* parser.push(begin);
  }
  yield* parser.end();
}
