import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawResource } from '@tulle/xds/client/ads-client';
import type { Clock } from '@tulle/xds/clock';
import { byType, type XdsType } from '@tulle/xds/resource';

export type RawResources = Readonly<Record<XdsType, readonly RawResource[]>>;

const fileName = 'configuration.bin';
/** Changes come in bursts; a write costs more than it is worth for each of them. */
const debounceMs = 500;

/** What the file says of one resource; its bytes follow, in the order of these. */
type Entry = readonly [type: string, name: string, version: string, length: number];

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
      return parse(readOwn(this.#path));
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
    const parts = format(this.#collect());
    this.#writing = this.#writing.then(async () => {
      const fresh = `${this.#path}.new`;
      try {
        // A left-over of a killed process would keep its mode.
        await rm(fresh, { force: true });
        await writeWhole(fresh, parts);
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

/**
 * A file that nobody else can have written: who says what a proxy does with requests must be who it asked.
 * @throws Error for another
 */
function readOwn(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.uid !== process.geteuid?.() || (found.mode & 0o022) !== 0)
      throw new Error('the stored configuration is not this proxy’s alone: it is not used');
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** @throws Error also when there is room for a part only */
async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const { bytesWritten } = await file.writev(parts);
    if (bytesWritten < parts.reduce((sum, { length }) => sum + length, 0))
      throw new Error('the disk is full');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A line of JSON that says what follows, then the messages as they came: with thousands of them, copies would tell. */
function format(resources: RawResources): Uint8Array[] {
  const all = Object.entries(resources).flatMap(([type, list]) => list.map((one) => ({ type, ...one })));
  const entries = all.map(({ type, name, version, bytes }): Entry => [type, name, version, bytes.length]);
  const head = Buffer.from(`${JSON.stringify({ format: 2, resources: entries })}\n`);
  return [head, ...all.map(({ bytes }) => bytes)];
}

/** @throws for anything that `format` has not made */
function parse(file: Buffer): RawResources {
  const end = file.indexOf('\n');
  const head = JSON.parse(file.toString('utf8', 0, end < 0 ? file.length : end)) as {
    format?: unknown;
    resources?: unknown;
  } | null;
  if (head?.format !== 2) throw new Error('the stored configuration has an unknown format');
  const found = byType((): RawResource[] => []);
  let at = end + 1;
  for (const entry of Array.isArray(head.resources) ? head.resources : [undefined]) {
    if (!isEntry(entry) || at + entry[3] > file.length)
      throw new Error('the stored configuration is damaged');
    const [type, name, version, length] = entry;
    // Copies: a view would keep the whole file. Of types that are not known here nothing is needed.
    found[type as XdsType]?.push({ name, version, bytes: new Uint8Array(file.subarray(at, at + length)) });
    at += length;
  }
  if (at !== file.length) throw new Error('the stored configuration is damaged');
  return found;
}

const isEntry = (entry: unknown): entry is Entry =>
  Array.isArray(entry) &&
  entry.length === 4 &&
  entry.slice(0, 3).every((part) => typeof part === 'string') &&
  Number.isInteger(entry[3]) &&
  entry[3] >= 0;
