// Bulk classification on many machines: one enqueues the lines of a file, any number of them work, one collects.
//
//   REDIS_URL=redis://host:6379 node bulk.mjs enqueue NAME FILE     a text a line; may be run again, nothing doubles
//   REDIS_URL=…                 node bulk.mjs work [--workers N] [--speedup K] [--model DIR]     on each machine
//   REDIS_URL=…                 node bulk.mjs collect NAME          JSONL in the order of the file, as it gets done
//   REDIS_URL=…                 node bulk.mjs status NAME | retry | remove NAME
//
// Exactly one result for each line: a job is a run of lines, named by where it begins, and its results are written under that
// name, whole, before the job counts as done. A job that runs twice, because a worker died in it, writes the same place
// twice. Lines are lost neither by that: what a dead worker held goes to another one when its lock runs out.
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const linesPerJob = 200;
const mostWaiting = 500; // jobs; enqueue waits, so that Redis need not hold the whole file
const lockMilliseconds = Number(process.env.LOCK_MS ?? 30_000); // a worker is dead that is silent for so long

const queueName = 'latformer-bulk';
const connect = () => new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null });
const keyOf = (name, what) => `latformer-bulk:${name}:${what}`;

const jobOptions = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: false, // `status` shows them and `retry` tries them again
};

/** Lines in runs of `size`, each with the number of its first. */
async function* runsOf(file, size) {
  let texts = [];
  let first = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    texts.push(line);
    if (texts.length < size) continue;
    yield { first, texts };
    first += texts.length;
    texts = [];
  }
  if (texts.length > 0) yield { first, texts };
}

async function enqueue(name, file) {
  const redis = connect();
  const queue = new Queue(queueName, { connection: redis });
  let lines = 0;
  for await (const { first, texts } of runsOf(file, linesPerJob)) {
    lines = first + texts.length;
    if (await redis.hexists(keyOf(name, 'results'), String(first))) continue; // done by an earlier run of this command
    while ((await queue.getWaitingCount()) > mostWaiting) await sleep(200);
    await queue.add('classify', { name, first, texts }, { ...jobOptions, jobId: `${name}-${first}` });
  }
  await redis.set(keyOf(name, 'lines'), lines);
  console.error(`${lines} lines of ${file} are in the queue as ${name}`);
  await queue.close();
  await redis.quit();
}

async function work({ workers, speedup, model }) {
  const { pipeline } = await import('latformer');
  const classify = await pipeline('text-classification', model ?? null, { workers });
  classify.setSpeedup(speedup);
  const redis = connect();
  const jobs = connect();
  const worker = new Worker(
    queueName,
    async ({ data: { name, first, texts } }) => {
      const results = await classify(texts);
      await redis.hset(keyOf(name, 'results'), String(first), JSON.stringify(results));
    },
    {
      connection: jobs,
      concurrency: 2, // while one job's results are written the next one is at work
      lockDuration: lockMilliseconds,
      stalledInterval: lockMilliseconds / 2,
      maxStalledCount: 100, // as often as workers die
    },
  );
  worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`));
  worker.on('error', (error) => console.error(error.message));
  await worker.waitUntilReady();
  console.error(`${workers} workers wait for jobs`);
  const end = async () => {
    await worker.close(); // ends what it has begun
    await classify.dispose();
    redis.disconnect();
    jobs.disconnect();
  };
  process.once('SIGTERM', end).once('SIGINT', end);
}

async function collect(name) {
  const redis = connect();
  const queue = new Queue(queueName, { connection: redis });
  for (let line = 0; ;) {
    const total = await redis.get(keyOf(name, 'lines'));
    if (total !== null && line >= Number(total)) break;
    const json = await redis.hget(keyOf(name, 'results'), String(line));
    if (json === null) {
      if ((await queue.getJobState(`${name}-${line}`)) === 'failed') {
        throw new Error(`lines from ${line} on failed; \`bulk.mjs retry\` tries them again`);
      }
      await sleep(100);
      continue;
    }
    const results = JSON.parse(json);
    const text = results.map((result) => `${JSON.stringify({ line: line++, ...result })}\n`).join('');
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  await queue.close();
  await redis.quit();
}

async function status(name) {
  const redis = connect();
  const queue = new Queue(queueName, { connection: redis });
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  const lines = await redis.get(keyOf(name, 'lines'));
  const done = await redis.hlen(keyOf(name, 'results'));
  console.log(JSON.stringify({ name, lines: lines === null ? null : Number(lines), jobs_done: done, ...counts }));
  await queue.close();
  await redis.quit();
}

async function retry() {
  const redis = connect();
  const queue = new Queue(queueName, { connection: redis });
  await queue.retryJobs({ state: 'failed' });
  await queue.close();
  await redis.quit();
}

async function remove(name) {
  const redis = connect();
  await redis.del(keyOf(name, 'results'), keyOf(name, 'lines'));
  await redis.quit();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: String(availableParallelism()) },
    speedup: { type: 'string', default: '1' },
    model: { type: 'string' },
  },
});
const [command, name, file] = positionals;
if (name !== undefined && !/^[\w.-]+$/.test(name)) throw new Error('NAME is of letters, digits, . _ and -');
const commands = {
  enqueue: () => enqueue(name, file),
  work: () => work({ workers: Number(values.workers), speedup: Number(values.speedup), model: values.model }),
  collect: () => collect(name),
  status: () => status(name),
  retry,
  remove: () => remove(name),
};
if (!Object.hasOwn(commands, command ?? '')) {
  console.error(`usage: bulk.mjs ${Object.keys(commands).join(' | ')}`);
  process.exit(2);
}
await commands[command]();
