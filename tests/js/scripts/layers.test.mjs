// The check of floors: what it must find, and what it must let pass. Files are made up; where they are written, arrows
// are read from them.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { arrowsOf, findings, floorsOf } from '../../../scripts/layers.mjs';

const floors = floorsOf('# House\n```floors\nweb\ncore/text  core/kernels\ncore/base\n```\n');

function check(files) {
  const folder = mkdtempSync(join(tmpdir(), 'latformer-layers-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const paths = Object.keys(files);
    return findings(floors, paths, arrowsOf(folder, paths));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('floors are read from the ground up', () => {
  assert.deepEqual(floors, [['core/base'], ['core/text', 'core/kernels'], ['web']]);
});

test('arrows downwards and inside a folder pass', () => {
  const files = {
    'core/base/status.h': '#pragma once\n',
    'core/text/words.h': '#include <string>\n#include "core/base/status.h"\n',
    'core/text/words.cc': '#include "core/text/words.h"\n',
    'web/a.ts': "import { b } from './b.js';\nimport fs from 'node:fs';\n",
    'web/b.ts': 'export const b = 1;\n',
  };
  assert.deepEqual(check(files), []);
});

test('an arrow upwards, aside, or from no floor is named with its line', () => {
  const files = {
    'core/base/status.h': '#pragma once\n\n#include "core/text/words.h"\n',
    'core/text/words.h': '',
    'core/kernels/rows.h': '#include "core/text/words.h"\n',
    'elsewhere/x.cc': '',
  };
  assert.deepEqual(check(files), [
    'elsewhere/x.cc stands on no floor of docs/architecture.md',
    'core/base/status.h:3 points up, to core/text/words.h',
    'core/kernels/rows.h:1 points aside, to core/text/words.h',
  ]);
});

test('a circle of files is found, also through a header and its source, and through types', () => {
  const cpp = {
    'core/text/a.h': '#include "core/text/b.h"\n',
    'core/text/b.h': '',
    'core/text/b.cc': '#include "core/text/b.h"\n#include "core/text/a.h"\n',
  };
  assert.match(
    check(cpp).join(),
    /^a circle:\n {2}core\/text\/a\.h:1 uses .*b\.h\n {2}core\/text\/b\.cc:2 uses .*a\.h$/,
  );
  const types = {
    'web/a.ts': "import {\n  b,\n} from './b.js';\n",
    'web/b.ts': "import type { A } from './a.js';\nexport type C = import('./a.js').C;\n",
  };
  assert.match(check(types).join(), /^a circle:\n {2}web\/a\.ts:3 uses web\/b\.ts\n {2}web\/b\.ts:1 uses web\/a\.ts$/);
});

test('a room may stand between the files of its folder, but not in a circle with them', () => {
  const between = {
    'core/text/tokenizer.cc': '#include "core/text/word/pieces.h"\n',
    'core/text/word/pieces.h': '#include "core/text/utf8.h"\n',
    'core/text/utf8.h': '',
  };
  assert.deepEqual(check(between), []);
  const circle = {
    ...between,
    'core/text/utf8.h': '#include "core/text/word/other.h"\n',
    'core/text/word/other.h': '',
  };
  assert.match(check(circle).join(), /^a circle:/);
});
