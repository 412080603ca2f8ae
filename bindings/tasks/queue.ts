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
  #running = 0;
  #isAlone = false; // what runs may have no company

  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  add(job: Job): void {
    this.#waiting.push(job);
    this.#advance();
  }

  #advance(): void {
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      const isAlone = job.isAlone === true;
      const isFree = this.#running === 0 || (this.#running < this.#lanes && !this.#isAlone && !isAlone);
      if (!isFree) return;
      this.#waiting.shift();
      ++this.#running;
      this.#isAlone = isAlone;
      void this.#run(job);
    }
  }

  async #run(job: Job): Promise<void> {
    await Promise.resolve(); // those that are added in the same turn come along
    let share = Math.ceil((this.#waiting.length + 1) / this.#lanes); // other lanes want theirs
    for (let next = this.#waiting[0]; next !== undefined && --share > 0; next = this.#waiting[0]) {
      if (job.absorb?.(next) !== true) break;
      this.#waiting.shift();
    }
    await job.run();
    --this.#running;
    this.#isAlone = false;
    this.#advance();
  }
}
