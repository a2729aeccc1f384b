import { mkdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawResource } from '@tulle/xds/client/ads-client';
import type { Clock } from '@tulle/xds/clock';
import { byType, type XdsType, xdsTypes } from '@tulle/xds/resource';

export type RawResources = Readonly<Record<XdsType, readonly RawResource[]>>;

const fileName = 'configuration.json';
/** Changes come in bursts; a write costs more than it is worth for each of them. */
const debounceMs = 500;

/** One resource in the file: name, version, message in base64. */
type Line = readonly [name: string, version: string, bytes: string];

/**
 * The last configuration that was accepted, in a file that its owner alone can read (it holds gateways'
 * keys): with it a proxy starts while the control plane is away. Written whole or not at all.
 */
export class LastGood {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #collect: () => RawResources;
  readonly #onError: (error: Error) => void;
  #timer: { cancel(): void } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateDir: string, clock: Clock, collect: () => RawResources, onError: (error: Error) => void) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    this.#path = join(stateDir, fileName);
    this.#clock = clock;
    this.#collect = collect;
    this.#onError = onError;
  }

  /** Undefined if there is none, or it cannot be read: then the control plane is needed. */
  load(): RawResources | undefined {
    try {
      return parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error as Error);
      return undefined;
    }
  }

  /** Something has changed: write soon. */
  touch(): void {
    this.#timer ??= this.#clock.after(debounceMs, () => this.#write());
  }

  #write(): void {
    this.#timer = undefined;
    const text = format(this.#collect());
    this.#writing = this.#writing.then(async () => {
      const fresh = `${this.#path}.new`;
      try {
        // A left-over of a killed process would keep its mode.
        await rm(fresh, { force: true });
        await writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true });
        await rename(fresh, this.#path);
      } catch (error) {
        this.#onError(error as Error);
      }
    });
  }

  /** Writes what is due and waits for it. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) {
      this.#timer.cancel();
      this.#write();
    }
    await this.#writing;
  }
}

function format(resources: RawResources): string {
  const lines = xdsTypes.map((type): [string, Line[]] => [
    type,
    resources[type].map(({ name, version, bytes }) => [name, version, Buffer.from(bytes).toString('base64')]),
  ]);
  return JSON.stringify({ format: 1, ...Object.fromEntries(lines) });
}

/** @throws for anything that `format` has not made */
function parse(text: string): RawResources {
  const file = JSON.parse(text) as { format?: unknown } & Record<string, unknown>;
  if (file?.format !== 1) throw new Error('the stored configuration has an unknown format');
  const of = (type: XdsType): RawResource[] => {
    // A file of before this type was there.
    const lines = file[type] ?? (type === 'workload' ? [] : undefined);
    if (!Array.isArray(lines)) throw new Error(`the stored configuration lacks ${type}`);
    return lines.map((line: unknown) => {
      if (!isLine(line)) throw new Error('the stored configuration is damaged');
      return { name: line[0], version: line[1], bytes: Buffer.from(line[2], 'base64') };
    });
  };
  return byType(of);
}

const isLine = (line: unknown): line is Line =>
  Array.isArray(line) && line.length === 3 && line.every((part) => typeof part === 'string');
