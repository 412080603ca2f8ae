// Which texts a command reads, for every command that answers text by text: those of --text, of files, or of standard input.
import { choiceOption } from '../command.js';
import { misuse } from '../failure.js';
import { totalSize } from './lines.js';
import { inputFormats, readTexts } from './texts.js';
import type { Columns, InputFormat, TextRecord } from './texts.js';

export const sourceHelp = `  text   one text a line; an empty line is an empty text
  csv    RFC 4180 with a header        tsv    parted by tabs, with a header, no quoting
  jsonl  an object or a string a line, or an array of these`;

export const sourceOptions = {
  text: { type: 'string', multiple: true },
  'input-format': { type: 'string' },
  column: { type: 'string' },
} as const;

export interface SourceChoice {
  /** None where texts are given. */
  files: string[];
  given: string[] | undefined;
  format: InputFormat | undefined;
  columns: Columns;
}

export function parseSource(
  values: { text?: string[]; 'input-format'?: string; column?: string; 'pair-column'?: string },
  positionals: string[],
): SourceChoice {
  const { text: given, 'input-format': format, column, 'pair-column': pair } = values;
  if (given !== undefined && positionals.length > 0) throw misuse('--text and files exclude each other');
  const files = positionals.length > 0 ? positionals : ['-'];
  return {
    files: given === undefined ? files : [],
    given,
    format: format === undefined ? undefined : choiceOption('input-format', format, inputFormats),
    columns: { text: column, pair },
  };
}

async function* givenTexts(texts: readonly string[]): AsyncGenerator<TextRecord> {
  for (const [index, text] of texts.entries()) yield { text, place: `--text ${index + 1}` };
}

export interface Source {
  texts: AsyncGenerator<TextRecord>;
  /** How much of all has been read, from 0 to 1; undefined where the whole is not known. */
  share(): number | undefined;
}

/** Fails if a file does not exist. Nothing is read before the first text is asked for. */
export async function openSource({ files, given, format, columns }: SourceChoice): Promise<Source> {
  const size = await totalSize(files);
  let bytes = 0;
  if (files.includes('-') && process.stdin.isTTY) {
    process.stderr.write('Type or paste texts, one a line; Ctrl-D ends.\n');
  }
  const texts =
    given === undefined ? readTexts(files, { format, columns, onBytes: (read) => (bytes += read) }) : givenTexts(given);
  return { texts, share: () => (size === undefined ? undefined : bytes / size) };
}
