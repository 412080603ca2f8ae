// Jobs in their order, as many at a time as there are lanes. A job that begins may take along those that wait right behind
// it, as one piece of work: the busier it gets, the larger the pieces.

export interface Job {
  /** Never rejects: whoever waits for the job hears of a failure from it. */
  run(): Promise<void>;
  /** Takes along a job that waits right behind this one, if the two can be one. */
  absorb?(next: Job): boolean;
  /** Whether nothing else may run meanwhile. */
  readonly isAlone?: boolean;
}

export class Queue {
  readonly #lanes: number;
  readonly #waiting: Job[] = [];
  #first = 0; // of those that wait; before it are some that have begun
  #running = 0;
  #isAlone = false; // what runs may have no company

  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  add(job: Job): void {
    this.#waiting.push(job);
    this.#advance();
  }

  get #next(): Job | undefined {
    return this.#waiting[this.#first];
  }

  /** Takes the next one out. Array.shift() would move all that wait, each time. */
  #take(): void {
    if (++this.#first * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }

  #advance(): void {
    for (let job = this.#next; job !== undefined; job = this.#next) {
      const isAlone = job.isAlone === true;
      const isFree = this.#running === 0 || (this.#running < this.#lanes && !this.#isAlone && !isAlone);
      if (!isFree) return;
      this.#take();
      ++this.#running;
      this.#isAlone = isAlone;
      void this.#run(job);
    }
  }

  async #run(job: Job): Promise<void> {
    await Promise.resolve(); // those that are added in the same turn come along
    let share = Math.ceil((this.#waiting.length - this.#first + 1) / this.#lanes); // other lanes want theirs
    for (let next = this.#next; next !== undefined && --share > 0; next = this.#next) {
      if (job.absorb?.(next) !== true) break;
      this.#take();
    }
    await job.run();
    --this.#running;
    this.#isAlone = false;
    this.#advance();
  }
}
