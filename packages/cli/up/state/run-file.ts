import type { ChildRegistry, ChildSpec } from '../process/child.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import type { Warden } from '../process/warden.ts';
import { type ChildRecord, type RunRecord, writeJson } from './run-record.ts';

/**
 * Keeps `run.json` true at every moment: a process is in it before anything else happens with it, so that
 * whatever ends the supervisor, the next start knows what to clear.
 */
export class RunFile implements ChildRegistry {
  readonly #path: string;
  readonly #warden: Warden;
  readonly #children = new Map<number, ChildRecord>();
  #record: RunRecord;
  readonly place: NonNullable<ChildRegistry['place']>;

  constructor(
    path: string,
    warden: Warden,
    record: Omit<RunRecord, 'children'>,
    place: NonNullable<ChildRegistry['place']>,
  ) {
    this.#path = path;
    this.#warden = warden;
    this.place = place;
    this.#record = { ...record, children: [] };
    this.#write();
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
    writeJson(this.#path, this.#record);
  }
}
