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
