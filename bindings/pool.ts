// A pool: several engines of one model as one that works on several calls at a time, and that lives on when one of them dies.
//
// An engine that died (code 'internal': its worker ended, or its instance trapped) is replaced by a new one, which loads
// the model again. The call that met its death is made once more; one that has given pieces of its answer rejects instead.
import type {
  Encodings,
  EncodeOptions,
  Engine,
  Generated,
  GenerateOptions,
  LoadedModel,
  LoadedTokenizer,
  RawCalibration,
  RawPiece,
  RawTokens,
  SmallFiles,
  TextInput,
  WeightsFrom,
  Work,
} from './engine.js';
import { LatformerError } from './errors.js';
import type { Launch, Load } from './platform.js';

/** One place in the pool. */
interface Member {
  engine: Engine;
  /** Calls that it works on. */
  busy: number;
  /** While it is replaced. */
  replacing?: Promise<void> | undefined;
}

const isDeath = (error: unknown): boolean => error instanceof LatformerError && error.code === 'internal';

class Pool implements Engine {
  readonly lanes: number;
  readonly #members: Member[];
  readonly #launch: () => Launch;
  readonly #load: Load;
  #calibration: string | undefined;
  #openLater: ((member: Member) => Promise<void>) | undefined;
  readonly #closing = new AbortController();

  constructor(engines: readonly Engine[], launch: () => Launch, load: Load) {
    this.lanes = engines.length;
    this.#members = engines.map((engine) => ({ engine, busy: 0 }));
    this.#launch = launch;
    this.#load = load;
  }

  /** Those that will share the weights of the first are opened once it has them. */
  async open(...asked: Parameters<Engine['open']>): Promise<WeightsFrom> {
    const open = ({ engine }: Member): Promise<WeightsFrom> => engine.open(...asked);
    const [first, ...others] = this.#members as [Member, ...Member[]];
    const weights = await open(first);
    if (weights === 'first') {
      this.#openLater = async (member) => {
        if ((await open(member)) === 'shared') return;
        throw new LatformerError('internal', 'the engine that had the weights has ended');
      };
    } else {
      await Promise.all(others.map(open));
    }
    return weights;
  }

  async append(bytes: Uint8Array): Promise<void> {
    const [first, ...others] = this.#members;
    const copies = this.#openLater ? [] : others.map(({ engine }) => engine.append(bytes.slice()));
    await Promise.all([first?.engine.append(bytes), ...copies]);
  }

  async finish(): Promise<LoadedModel> {
    const [first, ...others] = this.#members as [Member, ...Member[]];
    const model = await first.engine.finish();
    await Promise.all(
      others.map(async (member) => {
        await this.#openLater?.(member);
        await member.engine.finish();
      }),
    );
    this.#openLater = undefined; // and the files with it
    return model;
  }

  encode(inputs: TextInput[], options: EncodeOptions, work?: Work): Promise<Encodings> {
    return this.#run((engine) => engine.encode(inputs, options, work));
  }

  generate(prompts: string[], options: GenerateOptions, work?: Work<RawPiece[]>): Promise<Generated> {
    let hasBegun = false;
    const onPiece = (pieces: RawPiece[]): void => {
      hasBegun = true;
      work?.onPiece?.(pieces);
    };
    return this.#run(
      (engine) => engine.generate(prompts, options, { signal: work?.signal, onPiece }),
      () => !hasBegun,
    );
  }

  textsOf(ids: number[][], skipSpecial: boolean): Promise<string[]> {
    return this.#run((engine) => engine.textsOf(ids, skipSpecial));
  }

  async calibrate(outside: number): Promise<RawCalibration> {
    return this.#shared(await this.#run((engine) => engine.calibrate(outside)));
  }

  async restoreCalibration(json: string): Promise<RawCalibration> {
    return this.#shared(await this.#run((engine) => engine.restoreCalibration(json)));
  }

  async openTokenizer(files: SmallFiles): Promise<LoadedTokenizer> {
    const [tokenizer] = await this.#all((engine) => engine.openTokenizer(files));
    return tokenizer as LoadedTokenizer;
  }

  tokenize(input: TextInput, special: boolean): Promise<RawTokens> {
    return this.#run((engine) => engine.tokenize(input, special));
  }

  nothing(): Promise<void> {
    return this.#run((engine) => engine.nothing());
  }

  close(): void {
    this.#closing.abort(new LatformerError('disposed', 'the engine was closed'));
    for (const { engine } of this.#members) engine.close();
  }

  #all<T>(call: (engine: Engine) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#members.map(({ engine }) => call(engine)));
  }

  /** What one was found to be, all are: they are of one kind. */
  async #shared(calibration: RawCalibration): Promise<RawCalibration> {
    this.#calibration = calibration.json;
    await Promise.all(
      this.#members.map(async (member) => {
        await member.replacing;
        await member.engine.restoreCalibration(calibration.json);
      }),
    );
    return calibration;
  }

  /** On the member that has least to do. */
  async #run<T>(call: (engine: Engine) => Promise<T>, mayRepeat: () => boolean = () => true): Promise<T> {
    const member = this.#members.reduce((least, each) => (each.busy < least.busy ? each : least));
    ++member.busy;
    try {
      await member.replacing;
      try {
        return await call(member.engine);
      } catch (error) {
        if (!isDeath(error) || this.#closing.signal.aborted) throw error;
        const replaced = this.#replace(member);
        if (!mayRepeat()) throw error;
        await replaced;
        return await call(member.engine);
      }
    } finally {
      --member.busy;
    }
  }

  /** Rejects if the model cannot be loaded any more; the next call tries again. */
  #replace(member: Member): Promise<void> {
    member.replacing ??= this.#anew(member).finally(() => (member.replacing = undefined));
    member.replacing.catch(() => undefined); // whoever needs it hears of it
    return member.replacing;
  }

  async #anew(member: Member): Promise<void> {
    member.engine.close();
    const launch = this.#launch();
    const close = (): void => launch.engine.close();
    const { signal } = this.#closing;
    signal.addEventListener('abort', close);
    try {
      await this.#load(launch, signal);
      if (this.#calibration !== undefined) await launch.engine.restoreCalibration(this.#calibration);
      signal.throwIfAborted();
      member.engine = launch.engine;
    } catch (error) {
      close();
      throw error;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }
}

/** A launch of so many engines, each as `launch` makes it. `load` fills one with the model. */
export function launchPool(workers: number, launch: () => Launch, load: Load): Launch {
  const launches = Array.from({ length: workers }, launch);
  const engines = launches.map(({ engine }) => engine);
  return {
    engine: new Pool(engines, launch, load),
    inWorker: true,
    async start(config) {
      const started = await Promise.all(launches.map(({ start }) => start(config)));
      const notes = [...new Set(started.flatMap((each) => each.notes))];
      return { binary: started[0]?.binary ?? '', workers, notes };
    },
  };
}
