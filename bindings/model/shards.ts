// Weights in several files (model.safetensors.index.json says which) -> the bytes of one, as model.safetensors would be: a
// header of all tensors, then the tensors of one file after the other. Never more than a part of each file is in memory.
//
// What the tensors are is the core's to judge; here only their places are moved.
import { LatformerError } from '../errors.js';
import { parseJson } from './json.js';
import { isWeights } from './names.js';

type Parts = AsyncGenerator<Uint8Array, void>;
type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const bad = (file: string, what: string): LatformerError => new LatformerError('bad_model', `${file} ${what}`);

const notJson = (file: string, cause: unknown): LatformerError =>
  new LatformerError('bad_model', `${file} is not JSON`, { cause });

function textOf(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notJson(file, cause);
  }
}

function parse(file: string, text: string): Json {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw notJson(file, cause);
  }
  if (!isObject(value)) throw bad(file, 'is no JSON object');
  return value;
}

const mostShards = 256;

/** tensor -> file, of model.safetensors.index.json. */
export function parseIndex(file: string, bytes: Uint8Array): Map<string, string> {
  const map = parse(file, textOf(file, bytes))['weight_map'];
  if (!isObject(map) || Object.keys(map).length === 0) throw bad(file, 'has no weight_map');
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !isWeights(shard)) {
      throw bad(file, `gives no name of a .safetensors file for the tensor ${JSON.stringify(tensor)}`);
    }
    shards.set(tensor, shard);
  }
  if (new Set(shards.values()).size > mostShards) throw bad(file, `names more than ${mostShards} files`);
  return shards;
}

const largestHeader = 100_000_000; // the format's limit

const mostOpen = 4; // at once: a browser has six connections to a server, and each file holds one

/** One file: its header, and what follows. */
class Shard {
  tensors = new Map<string, Json>();
  size = 0; // of what follows the header
  #header = '';
  #parts: Parts | undefined;
  #rest = new Uint8Array();

  constructor(
    readonly file: string,
    readonly open: (file: string) => Parts,
  ) {}

  async readHeader(): Promise<void> {
    this.#header = await this.#begin();
    for (const [name, tensor] of Object.entries(parse(this.file, this.#header))) {
      if (name === '__metadata__') continue;
      const offsets = isObject(tensor) ? tensor['data_offsets'] : undefined;
      const end: unknown = Array.isArray(offsets) ? offsets[1] : undefined;
      if (!Number.isSafeInteger(end)) throw bad(this.file, `has no data_offsets for ${JSON.stringify(name)}`);
      this.tensors.set(name, tensor as Json);
      this.size = Math.max(this.size, end as number);
    }
  }

  async *data(): AsyncGenerator<Uint8Array> {
    if (this.#parts === undefined && (await this.#begin()) !== this.#header) {
      throw bad(this.file, 'has become another one while it was read');
    }
    let given = this.#rest.length;
    if (given > 0) yield this.#rest;
    for await (const part of this.#parts ?? []) {
      given += part.length; // before it is given away
      yield part;
    }
    if (given !== this.size) throw bad(this.file, `has ${given} bytes of tensors; its header says ${this.size}`);
  }

  /** Until its data is asked for. */
  async close(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    this.#rest = new Uint8Array();
    await parts?.return();
  }

  /** Opens it and reads its header. */
  async #begin(): Promise<string> {
    const parts = (this.#parts = this.open(this.file));
    let bytes = new Uint8Array();
    const readTo = async (length: number): Promise<void> => {
      while (bytes.length < length) {
        const next = await parts.next();
        if (next.done === true) throw bad(this.file, bytes.length === 0 ? 'is missing or empty' : 'ends in its header');
        const longer = new Uint8Array(bytes.length + next.value.length);
        longer.set(bytes);
        longer.set(next.value, bytes.length);
        bytes = longer;
      }
    };
    await readTo(8);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    if (length > largestHeader) throw bad(this.file, 'is no safetensors file: its header would be too long');
    await readTo(8 + length);
    this.#rest = bytes.slice(8 + length);
    return textOf(this.file, bytes.subarray(8, 8 + length));
  }
}

/**
 * `open` gives the parts of a file, or none. The first ones are open until the end: a download that is begun goes on. Others are
 * opened a second time, for their data.
 */
export async function* mergedShards(
  index: ReadonlyMap<string, string>,
  open: (file: string) => Parts,
): AsyncGenerator<Uint8Array, void> {
  const files = [...new Set(index.values())];
  const shards = files.map((file) => new Shard(file, open));
  try {
    const header: Json = {};
    let base = 0;
    for (const [i, shard] of shards.entries()) {
      await shard.readHeader();
      if (i >= mostOpen) await shard.close();
      for (const [name, tensor] of shard.tensors) {
        if (Object.hasOwn(header, name)) throw bad(shard.file, `has the tensor ${JSON.stringify(name)} a second time`);
        const [begin, end] = tensor['data_offsets'] as [number, number];
        Object.defineProperty(header, name, {
          value: { ...tensor, data_offsets: [begin + base, end + base] },
          enumerable: true,
        });
      }
      base += shard.size;
    }
    for (const [tensor, file] of index) {
      const shard = shards.find((each) => each.file === file);
      if (shard?.tensors.has(tensor) !== true) throw bad(file, `does not have the tensor ${JSON.stringify(tensor)}`);
    }
    yield headerBytes(header);
    for (const shard of shards) yield* shard.data();
  } finally {
    await Promise.all(shards.map((shard) => shard.close()));
  }
}

function headerBytes(header: Json): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
