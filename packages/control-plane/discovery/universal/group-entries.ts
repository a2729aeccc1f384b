import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '@tulle/resources/kind';
import { ApiError } from '../../api/status-error.ts';
import type { Resources } from '../../api/writer/resources.ts';
import { groupLabel, type WorkloadInstance } from '../../model/instances/instance.ts';
import type { Finding } from '../../status/conditions.ts';

/** Istio's: the group that an entry was made for, and who made it, who alone changes and removes it. */
const groupAnnotation = 'istio.io/autoRegistrationGroup';
const controllerAnnotation = 'istio.io/workloadController';
const controller = 'tulle';

const collection = { group: 'networking.istio.io', plural: 'workloadentries' } as const;

/**
 * Istio's auto-registration: each instance that joined by a WorkloadGroup has a WorkloadEntry of its name, for as long as it is
 * registered. What is served is the registration, which knows the sidecar; the entry is for those who look.
 */
export class GroupEntries {
  readonly #options: Options;
  #wanted: readonly WorkloadInstance[] = [];
  /** Nobody joined by a group, and no entry is left of those who had. */
  #isEmpty = false;
  #work: Promise<void> | undefined;
  #again = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Call with every change of the instances; writes go on one after the other. */
  update(instances: readonly WorkloadInstance[]): void {
    this.#wanted = instances.filter((one) => groupOf(one) !== undefined);
    if (this.#isEmpty && this.#wanted.length === 0) return;
    if (this.#work === undefined) this.#work = this.#run();
    else this.#again = true;
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    this.#again = false;
    await this.#work;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#settle();
      } catch (error) {
        this.#options.onError(error);
      }
    } while (this.#again);
    this.#work = undefined;
  }

  async #settle(): Promise<void> {
    const { resources, written } = this.#options;
    this.#isEmpty = false;
    const wanted = new Map(this.#wanted.map((one) => [nameOf(one), one]));
    const known = new Map<string, Resource>();
    for (const entry of written()) known.set(nameOf(entry.metadata), entry);
    for (const [name, entry] of known) {
      if (!isOurs(entry) || wanted.has(name)) continue;
      await resources.remove(keyOf(entry.metadata));
    }
    for (const [name, instance] of wanted) {
      const entry = known.get(name);
      const made = entryOf(instance);
      if (entry === undefined) await resources.create(made).catch(isThere);
      else if (isOurs(entry) && !isDeepStrictEqual(meaningOf(entry), meaningOf(made)))
        await resources.patch(keyOf(entry.metadata), (current) => ({
          ...current,
          metadata: { ...current.metadata, annotations: { ...made.metadata.annotations } },
          spec: made.spec,
        }));
    }
    this.#isEmpty = wanted.size === 0;
  }
}

interface Options {
  readonly resources: Resources;
  /** The WorkloadEntries that there are. */
  readonly written: () => Iterable<Resource>;
  readonly onError: (error: unknown) => void;
}

/** Istio's `Healthy` of an entry that was made for an instance; undefined: somebody else's entry. */
export function healthCondition(
  entry: Resource,
  instance: WorkloadInstance | undefined,
): Finding | undefined {
  if (entry.kind !== 'WorkloadEntry' || !isOurs(entry) || instance === undefined) return undefined;
  const { health } = instance;
  return {
    type: 'Healthy',
    status: health === 'healthy' ? 'True' : 'False',
    reason: health === 'healthy' ? 'Ready' : health === 'draining' ? 'Draining' : 'NotReady',
    message: health === 'unhealthy' ? 'its probe fails, or has not succeeded yet' : '',
    observedGeneration: entry.metadata.generation ?? 0,
  };
}

const groupOf = ({ labels }: WorkloadInstance): string | undefined => labels[groupLabel];
const isOurs = ({ metadata }: Resource): boolean =>
  metadata.annotations?.[controllerAnnotation] === controller &&
  metadata.annotations[groupAnnotation] !== undefined;

interface Named {
  readonly namespace?: string;
  readonly name: string;
}
const nameOf = ({ namespace = '', name }: Named): string => `${namespace}/${name}`;
const keyOf = ({ namespace = '', name }: Named) => ({ ...collection, namespace, name });

function entryOf(instance: WorkloadInstance): Resource {
  const { name, namespace, labels, address, ports, serviceAccount, locality, network, weight } = instance;
  const { [groupLabel]: group = '', ...own } = labels;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: {
      name,
      namespace,
      annotations: { [groupAnnotation]: group, [controllerAnnotation]: controller },
    },
    spec: {
      address,
      ports: Object.fromEntries(
        ports.flatMap((port) => (port.name === undefined ? [] : [[port.name, port.port]])),
      ),
      labels: own,
      serviceAccount,
      weight,
      ...(locality !== '' && { locality }),
      ...(network !== '' && { network }),
    },
  };
}

const meaningOf = ({ metadata, spec }: Resource): unknown => [{ ...metadata.annotations }, spec];

/** Somebody was quicker: an entry of the user's stays as it is. */
function isThere(error: unknown): void {
  if (!(error instanceof ApiError && error.status.reason === 'AlreadyExists')) throw error;
}
