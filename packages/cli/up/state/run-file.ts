import type { ChildRegistry, ChildSpec } from '../process/child.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import type { Warden } from '../process/warden.ts';
import { type ChildRecord, type RunRecord, writeJson } from './run-record.ts';

const AGAIN_AFTER_MS = 1000;

/**
 * Keeps `run.json` true at every moment: a process is in it before anything else happens with it, so that
 * whatever ends the supervisor, the next start knows what to clear. Where it can't be written (a full disk) the mesh goes
 * on, and it is tried again until it can.
 */
export class RunFile implements ChildRegistry {
  readonly #path: string;
  readonly #warden: Warden;
  readonly #children = new Map<number, ChildRecord>();
  readonly #onError: (error: Error) => void;
  #record: RunRecord;
  #again: NodeJS.Timeout | undefined;
  readonly place: NonNullable<ChildRegistry['place']>;

  constructor(
    path: string,
    warden: Warden,
    record: Omit<RunRecord, 'children'>,
    place: NonNullable<ChildRegistry['place']>,
    onError: (error: Error) => void,
  ) {
    this.#path = path;
    this.#warden = warden;
    this.place = place;
    this.#onError = onError;
    this.#record = { ...record, children: [] };
    writeJson(path, this.#record);
  }

  get record(): RunRecord {
    return this.#record;
  }

  update(change: Partial<Omit<RunRecord, 'children'>>): void {
    this.#record = { ...this.#record, ...change };
    this.#write();
  }

  started({ name, role }: ChildSpec, identity: ProcessIdentity): void {
    this.#children.set(identity.pid, { name, role, ...identity });
    this.#warden.add(role, identity);
    this.#write();
  }

  ended(_spec: ChildSpec, identity: ProcessIdentity): void {
    this.#children.delete(identity.pid);
    this.#warden.remove(identity.pid);
    this.#write();
  }

  #write(): void {
    this.#record = { ...this.#record, children: [...this.#children.values()] };
    clearTimeout(this.#again);
    try {
      writeJson(this.#path, this.#record);
    } catch (error) {
      this.#onError(error as Error);
      this.#again = setTimeout(() => this.#write(), AGAIN_AFTER_MS).unref();
    }
  }
}
