// What must hold of 'progress_total' in all that a progress_callback was told.
import assert from 'node:assert/strict';

/** Checks it and gives all of them; `isTold`: whether the sizes of all files are known beforehand. */
export function checkedTotals(told, isTold = true) {
  const totals = told.filter(({ status }) => status === 'progress_total');
  const [first] = totals;
  const last = totals.at(-1);
  assert.deepEqual([last.progress, last.loaded], [100, last.total]);
  let before = 0;
  for (const { progress, loaded, total, files } of totals) {
    assert.ok(progress <= 100 && loaded <= total);
    assert.ok(progress >= before, `${before} % and then ${progress} %`);
    before = progress;
    assert.deepEqual(Object.keys(files), Object.keys(first.files), 'the files are known from the first time on');
    if (isTold) assert.equal(total, last.total, 'the whole is known from the first time on');
  }
  const present = told.filter(({ status }) => status === 'download').map(({ file }) => file);
  assert.deepEqual(Object.keys(last.files).sort(), [...new Set(present)].sort());
  return totals;
}
