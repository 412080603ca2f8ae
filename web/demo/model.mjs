// Which model runs and how: the settings of the page, and folders that are dropped on it.

/** The files of a folder that was dropped, [{ path, file }] by their paths. */
async function filesOfEntry(entry, prefix = '') {
  const path = `${prefix}${entry.name}`;
  if (entry.isFile) return [[path, await new Promise((resolve, reject) => entry.file(resolve, reject))]];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // some at a time
    if (entries.length === 0) return files;
    for (const each of entries) files.push(...(await filesOfEntry(each, `${path}/`)));
  }
}

/** Calls `take` with { files } for pipeline() when a folder is chosen in `input`, and names it beside. */
export function chooseFolder(input, take) {
  input.addEventListener('change', () => {
    if (input.files.length === 0) return;
    const [{ webkitRelativePath, name }] = input.files;
    input.parentElement.querySelector('output').textContent = webkitRelativePath.split('/')[0] || name;
    take({ files: input.files });
  });
}

/** The same when a folder is dropped on the page. */
export function dropFolders(take, fail) {
  const mark = (isOver) => document.body.classList.toggle('dropping', isOver);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    mark(true);
  });
  addEventListener('dragleave', () => mark(false));
  addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry()).filter(Boolean);
    Promise.all(entries.map((entry) => filesOfEntry(entry))).then((all) => {
      const files = Object.fromEntries(all.flat());
      if (Object.keys(files).length > 0) take({ files });
    }, fail);
  });
}

/** The <select> of threads: as many as this page may have. */
export function offerThreads(select) {
  const most = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  const choices = [['', self.crossOriginIsolated ? 'as the model needs' : 'one: the page is not isolated']];
  for (let threads = 1; threads <= most; threads *= 2) choices.push([String(threads), String(threads)]);
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, value)));
}

/** The settings as options of pipeline(). */
export function optionsFrom({ dtype, threads, kernels }) {
  return {
    ...(dtype.value && { dtype: dtype.value }),
    ...(threads.value && { threads: Number(threads.value) }),
    ...(kernels.value && { kernels: kernels.value }),
  };
}
