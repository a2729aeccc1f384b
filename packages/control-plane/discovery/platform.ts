import type { WorkloadInstance } from '../model/instances/instance.ts';

/** A source of workload instances. */
export interface Platform {
  /** `universal`, `kubernetes`, … */
  readonly name: string;
  /**
   * All instances now, ordered by namespace and name. The array is a new one after each change and the
   * same one without; an unchanged instance stays the same object.
   */
  instances(): readonly WorkloadInstance[];
  close(): Promise<void>;
}

/** Given to a platform when it starts: called after each change of `instances()`, never before start resolved. */
export type OnInstances = (instances: readonly WorkloadInstance[]) => void;

/** Orders instances: by namespace, then name, by code unit. */
export function byName(
  a: { readonly namespace: string; readonly name: string },
  b: { readonly namespace: string; readonly name: string },
): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
