// The second tab: a text goes on from a prompt, as it comes, by a model whose folder the visitor gives; how soon it begins
// is what the slider is for.
import { pipeline } from './modules/latformer/dist/web.mjs';
import { optionsFrom } from './model.mjs';

const element = (id) => document.getElementById(`generate-${id}`);
const show = (id, content) => (element(id).textContent = content);

/**
 * Brings the tab to life. `settings`: the elements that both tabs share; `showError(error)` shows one, or none. Gives
 * what takes { files } of a folder that was dropped.
 */
export function setUpGeneration(settings, showError) {
  const [prompt, speedup, mode, most, chat, go, stop] = ['prompt', 'speedup', 'mode', 'most', 'chat', 'go', 'stop'].map(
    element,
  );
  const inFull = new Map(); // prompt -> milliseconds to its first token at speed 1
  let model;
  let generate;
  let running; // an AbortController while a text is written

  const showSpeedup = () => show('chosen', speedup.disabled ? '–' : `${speedup.valueAsNumber}×`);

  function ready(isReady) {
    for (const each of [speedup, mode, most, go]) each.disabled = !isReady;
    chat.disabled = !isReady || !generate.info.has_chat_template;
    if (chat.disabled) chat.checked = false;
    show('state', isReady || model !== undefined ? '' : 'Choose a model first.');
    showSpeedup();
  }

  async function load() {
    running?.abort();
    const old = generate;
    generate = undefined;
    ready(false);
    if (model === undefined) return;
    showError();
    element('loading').hidden = false;
    element('loaded').removeAttribute('value');
    const mine = model;
    try {
      await old?.dispose();
      const loaded = await pipeline('text-generation', mine, {
        ...optionsFrom(settings),
        progress_callback: ({ status, progress }) => {
          if (status === 'progress_total') element('loaded').value = progress;
        },
      });
      if (mine !== model) return void loaded.dispose(); // another was given meanwhile
      generate = loaded;
      inFull.clear();
      const { info } = generate;
      speedup.max = String(info.max_speedup);
      mode.value = info.prompt_mode;
      chat.checked = info.has_chat_template;
      show('info', `${info.num_hidden_layers} layers of ${info.hidden_size}, ${info.dtype}, threads: ${info.threads}.`);
      ready(true);
    } catch (error) {
      showError(error);
    }
    element('loading').hidden = true;
  }

  function showStats(text, { stats }) {
    const first = stats.first_token_milliseconds;
    show('first', first.toFixed(0));
    show('rate', stats.tokens_per_second.toFixed(1));
    const kept = Math.min(...stats.tokens_per_layer);
    show('kept', `${kept} of ${stats.prompt_tokens} prompt tokens reach the last layer.`);
    if (stats.requested_speedup === 1 && stats.reused_tokens === 0) inFull.set(text, first);
    const full = inFull.get(text);
    const isNew = stats.reused_tokens === 0; // else the beginning was there already
    if (stats.requested_speedup === 1) show('sooner', 'in full');
    else if (full === undefined) show('sooner', 'go on at 1× to compare');
    else show('sooner', isNew ? `${(full / first).toFixed(1)}× sooner than in full` : '');
  }

  async function write() {
    if (generate === undefined || running !== undefined) return;
    running = new AbortController();
    showError();
    stop.disabled = false;
    go.disabled = true;
    const text = prompt.value;
    const written = document.createElement('span');
    written.className = 'written';
    element('result').hidden = false;
    element('text').replaceChildren(chat.checked ? '' : text, written);
    show('state', 'Reading the prompt …');
    try {
      const [result] = await generate(chat.checked ? [{ role: 'user', content: text }] : text, {
        speedup: speedup.valueAsNumber,
        prompt_mode: mode.value,
        max_new_tokens: Math.max(1, Math.floor(most.valueAsNumber) || 1),
        signal: running.signal,
        stats: true,
        streamer(piece) {
          written.append(piece);
          element('text').scrollTop = element('text').scrollHeight;
        },
      });
      showStats(text, result);
      show(
        'state',
        { end: 'The model ended the text.', stop: 'It is done.', length: 'That is all.' }[result.finish_reason],
      );
    } catch (error) {
      show('state', error.name === 'AbortError' ? 'Stopped.' : '');
      if (error.name !== 'AbortError' && error.code !== 'disposed') showError(error);
    }
    running = undefined;
    stop.disabled = true;
    go.disabled = generate === undefined;
  }

  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    write();
  });
  stop.addEventListener('click', () => running?.abort());
  speedup.addEventListener('input', showSpeedup);
  for (const id of ['dtype', 'threads', 'kernels']) settings[id].addEventListener('change', load);
  ready(false);
  return (given) => {
    model = given;
    return load();
  };
}
