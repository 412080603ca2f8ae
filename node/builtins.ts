// Modules of Node that a load needs late or never. Imported, they would stand between the start of a process and the start of its
// worker for some ten milliseconds.
import { createRequire } from 'node:module';
import type * as Crypto from 'node:crypto';
import type * as Zlib from 'node:zlib';

const builtin = createRequire(process.execPath); // from any absolute path

export const nodeCrypto = (): typeof Crypto => builtin('node:crypto') as typeof Crypto;
export const nodeZlib = (): typeof Zlib => builtin('node:zlib') as typeof Zlib;
