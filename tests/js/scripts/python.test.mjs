// Set-up of Python: an interpreter of the user's is asked for what the work needs before the work begins.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { python } from '../../../scripts/setup/python.mjs';
import { findProgram } from '../../../scripts/support/paths.mjs';

const interpreter = findProgram('python3');

describe('LATFORMER_PYTHON', { skip: interpreter ? false : 'no python3 here' }, () => {
  const given = process.env.LATFORMER_PYTHON;
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'latformer-'));
    process.env.LATFORMER_PYTHON = interpreter;
  });
  after(() => {
    rmSync(folder, { recursive: true });
    if (given === undefined) delete process.env.LATFORMER_PYTHON;
    else process.env.LATFORMER_PYTHON = given;
  });

  it('is taken when it has all', async () => {
    const file = join(folder, 'nothing.txt');
    writeFileSync(file, '# nothing\n--extra-index-url x\n');
    assert.equal(await python(file), interpreter);
  });

  it('is refused by the packages that it lacks, those of files behind -r too', async () => {
    writeFileSync(join(folder, 'inner.txt'), 'latformer-lacks-this==1.0\n');
    const file = join(folder, 'outer.txt');
    writeFileSync(file, '-r inner.txt\nlatformer-lacks-that[extra]>=2 # why\n');
    await assert.rejects(
      python(file),
      /lacks latformer-lacks-this, latformer-lacks-that\. It needs: .* -r .*outer\.txt/,
    );
  });
});
