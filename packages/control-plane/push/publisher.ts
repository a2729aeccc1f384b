import type { Problem } from '@tulle/resources/problem';
import { type Clock, type Pause, pauseOf, type Timer } from '@tulle/xds/clock';
import type { Snapshot } from '@tulle/xds/resource';
import { compile } from '../compile/compile.ts';
import type { Note } from '../compile/note.ts';
import { patchProblems } from '../compile/patches/proxy-patches.ts';
import type { AdmittedProxy } from '../discovery/universal/admission.ts';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import type { MeshSpec } from '../model/mesh/mesh.ts';
import { meshSpecOf } from '../model/mesh/mesh-spec.ts';
import type { GatewayNames } from '../model/mesh/networks.ts';
import { buildModel, type Model, updateInstances } from '../model/model.ts';
import { resourceKey } from '../model/origin.ts';
import type { KeySets } from '../model/security/request-authentication.ts';
import type { PushStage } from '../routes/metrics.ts';
import { createDebounce, type Debounce } from './debounce.ts';
import type { Mirror } from './mirror.ts';

/** Configuration is pushed when it has been quiet for this long, */
const quietMs = 10;
/** or this long after the first change. */
const maxWaitMs = 100;
/** After changes of WorkloadEntries alone, which have been pushed, what is said about them waits for quiet, */
const settledMs = 1_000;
/** or for this long after the first. */
const maxSettleMs = 10_000;
/** Compiling for many proxies makes room for other events (acknowledgements, requests) this often. */
const sliceMs = 20;

export interface PublisherOptions {
  readonly meshName: string;
  readonly trustDomain: string;
  /** PEM. */
  readonly trustBundle: string;
  readonly mirror: Mirror;
  /** Key sets of tokens' issuers. */
  readonly keySets?: () => KeySets;
  /** Addresses of network gateways that have names. */
  readonly gatewayNames?: () => GatewayNames;
  readonly instances: () => readonly WorkloadInstance[];
  /** Hands a proxy what it should have. */
  readonly publish: (proxy: AdmittedProxy, snapshot: Snapshot) => void;
  readonly clock: Clock;
  /** Between slices of a push, and before the first of proxies that connect: makes room for who is coming in. */
  readonly pause?: Pause;
  /** There is a model of a new configuration. */
  readonly onModel?: (model: Model) => void;
  /** How long a stage of a push took. */
  readonly onStage: (stage: PushStage, milliseconds: number) => void;
  readonly onError: (error: unknown) => void;
}

/** Keeps every connected proxy's snapshot as model and compile have it. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #proxies = new Map<string, AdmittedProxy>();
  /** What compile had to say for each proxy. */
  readonly #notes = new Map<string, ReadonlyMap<string, readonly Problem[]>>();
  readonly #debounce: Debounce;
  readonly #settle: Debounce;
  readonly #pause: Pause;
  /** Proxies whose snapshot is older than the model; who waits longest comes first. */
  readonly #stale = new Set<string>();
  #slice: Timer | undefined;
  /** The model's instances are older than discovery's. */
  #instancesChanged = false;
  /** And so are its WorkloadEntries. */
  #entriesChanged = false;
  #model: Model;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#model = this.#build();
    const { clock } = options;
    this.#pause = options.pause ?? pauseOf(clock);
    const run = (): void => this.#rebuild();
    this.#debounce = createDebounce({ clock, quietMs, maxMs: maxWaitMs, run });
    this.#settle = createDebounce({ clock, quietMs: settledMs, maxMs: maxSettleMs, run });
  }

  get model(): Model {
    this.#updateInstances();
    return this.#model;
  }

  /** Resources changed: pushed after the debounce. */
  configurationChanged(): void {
    this.#debounce.call();
  }

  /** Instances, or addresses of network gateways, changed: pushed now, or with the rest of a push that is under way. */
  instancesChanged(): void {
    this.#instancesChanged = true;
    this.#pushAll();
  }

  /** WorkloadEntries changed: they are instances, unless a ServiceEntry looks up their names. */
  workloadEntriesChanged(): void {
    if (this.#model.config.entriesAreListed) {
      this.configurationChanged();
      return;
    }
    this.#entriesChanged = true;
    this.instancesChanged();
    // The configuration has them too, for what is said about resources.
    this.#settle.call();
  }

  /** It gets its snapshot in its turn: hundreds that connect at once do not hold up each other's handshakes. */
  connected(proxy: AdmittedProxy): void {
    this.#proxies.set(proxy.id, proxy);
    // Behind those that wait already, also when it waited under an earlier stream.
    this.#stale.delete(proxy.id);
    this.#stale.add(proxy.id);
    this.#slice ??= this.#pause(sliceMs, () => this.#pushSlice());
  }

  disconnected(proxyId: string): void {
    this.#proxies.delete(proxyId);
    this.#notes.delete(proxyId);
    this.#stale.delete(proxyId);
  }

  /** What model and compile found about a resource, by `resourceKey`; one of each kind, however many proxies say it. */
  problems(key: string): readonly Problem[] {
    const { config } = this.#model;
    const found = [...(config.problems.get(key) ?? []), ...patchProblems(config, key)];
    for (const notes of this.#notes.values()) found.push(...(notes.get(key) ?? []));
    if (found.length === 0) return found;
    return [...new Map(found.map((problem) => [`${problem.path} ${problem.message}`, problem])).values()];
  }

  close(): void {
    this.#debounce.close();
    this.#settle.close();
    this.#slice?.cancel();
    this.#stale.clear();
  }

  #build(previous?: Model): Model {
    const { mirror, meshName, trustDomain, trustBundle, instances, keySets, gatewayNames } = this.#options;
    const written = mirror.get('Mesh', '', meshName)?.spec as MeshSpec | undefined;
    const mesh = meshSpecOf(written, (namespace) => mirror.get('ConfigMap', namespace, 'istio'));
    const input = {
      // The authority is of one trust domain; another in the Mesh needs a restart of the mesh.
      mesh: { ...mesh, trustDomain },
      resources: [...mirror.all()],
      instances: instances(),
      trustBundle,
      ...(keySets && { keySets: keySets() }),
      ...(gatewayNames && { gatewayNames: gatewayNames() }),
    };
    return buildModel(input, previous);
  }

  #rebuild(): void {
    try {
      this.#timed('model', () => {
        this.#model = this.#build(this.#model);
        this.#instancesChanged = false;
        this.#entriesChanged = false;
      });
    } catch (error) {
      // The old model goes on serving.
      this.#options.onError(error);
      return;
    }
    this.#options.onModel?.(this.#model);
    this.#pushAll();
  }

  #pushAll(): void {
    for (const id of this.#proxies.keys()) this.#stale.add(id);
    if (this.#slice === undefined) this.#pushSlice();
  }

  /** Hundreds of instances that come while a push is under way are one change. */
  #updateInstances(): void {
    if (!this.#instancesChanged) return;
    this.#instancesChanged = false;
    const { mirror, instances, gatewayNames } = this.#options;
    const entries = this.#entriesChanged ? [...mirror.of('WorkloadEntry')] : undefined;
    this.#entriesChanged = false;
    this.#timed('model', () => {
      this.#model = updateInstances(this.#model, instances(), entries, gatewayNames?.());
    });
  }

  /** Always compiles the newest model: what changes meanwhile is not pushed twice. */
  #pushSlice(): void {
    const { clock } = this.#options;
    this.#slice = undefined;
    const begin = clock.steady();
    this.#updateInstances();
    for (const id of this.#stale) {
      this.#stale.delete(id);
      const proxy = this.#proxies.get(id);
      if (proxy !== undefined) this.#push(proxy);
      const spent = clock.steady() - begin;
      if (spent >= sliceMs && this.#stale.size > 0) {
        this.#slice = this.#pause(spent, () => this.#pushSlice());
        break;
      }
    }
  }

  #push(proxy: AdmittedProxy): void {
    try {
      const { snapshot, notes } = this.#timed('compile', () => compile(this.#model, proxy));
      this.#note(proxy.id, notes);
      this.#options.publish(proxy, snapshot);
    } catch (error) {
      // The proxy keeps what it has.
      this.#options.onError(error);
    }
  }

  /** Most proxies have nothing to be told of: only those that have are looked at for every resource. */
  #note(proxyId: string, notes: readonly Note[]): void {
    if (notes.length === 0) {
      this.#notes.delete(proxyId);
      return;
    }
    const byResource = Map.groupBy(notes, ({ origin }) => resourceKey(origin));
    const problems = [...byResource].map(
      ([key, found]) => [key, found.map(({ problem }) => problem)] as const,
    );
    this.#notes.set(proxyId, new Map(problems));
  }

  #timed<T>(stage: PushStage, run: () => T): T {
    const { clock, onStage } = this.#options;
    const begin = clock.steady();
    try {
      return run();
    } finally {
      onStage(stage, clock.steady() - begin);
    }
  }
}
