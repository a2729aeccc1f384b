import { resolveHost } from '@tulle/resources/hosts';
import type { Resource } from '@tulle/resources/kind';
import type { Workload } from '@tulle/resources/tulle/workload';
import type { InstanceContext } from './instance-context.ts';
import { startLayers } from './order.ts';
import { keyOfPlan, type PlanDefaults, planWorkload, type WorkloadPlan } from './workload-plan.ts';
import { WorkloadRunner } from './workload-runner.ts';

/** A caller starts when those it calls are ready, but does not wait longer than this for them. */
const CALLEE_WAIT_MS = 5000;

/** All Workloads of the mesh as processes: made to match what the API holds, as a kubelet does with Pods. */
export class WorkloadSet {
  readonly #context: InstanceContext;
  readonly #defaults: PlanDefaults;
  readonly #onChange: () => void;
  readonly #runners = new Map<string, WorkloadRunner>();
  readonly #leaving = new Set<Promise<void>>();
  #needs = new Map<string, string[]>();
  #closed = false;

  constructor(context: InstanceContext, defaults: PlanDefaults, onChange: () => void) {
    this.#context = context;
    this.#defaults = defaults;
    this.#onChange = onChange;
  }

  get runners(): readonly WorkloadRunner[] {
    return [...this.#runners.values()];
  }

  get ready(): boolean {
    return this.runners.every((runner) => runner.ready);
  }

  reconcile(workloads: readonly Resource[], services: readonly Resource[]): void {
    if (this.#closed) return;
    const wanted = workloads.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const plans = new Map<string, WorkloadPlan>();
    for (const workload of wanted) {
      const plan = planWorkload(workload as Workload, this.#defaults);
      plans.set(keyOfPlan(plan), plan);
    }
    this.#needs = new Map([...plans].map(([key, plan]) => [key, needsOf(plan, plans.values(), services)]));

    for (const [key, runner] of this.#runners) if (!plans.has(key)) this.#remove(key, runner);
    // Callees first, so that their runners exist when a caller's gate looks for them.
    for (const layer of this.#layers()) {
      for (const key of layer) {
        const plan = plans.get(key);
        if (plan === undefined) continue;
        let runner = this.#runners.get(key);
        if (runner === undefined) {
          this.#context.reporter.info(
            `starting ${plan.name}${plan.replicas === 1 ? '' : ` (${plan.replicas} replicas)`}`,
          );
          runner = new WorkloadRunner(plan, this.#context, this.#onChange);
          this.#runners.set(key, runner);
          runner.update(plan, this.#gate(key, plan));
        } else if (runner.plan.hash !== plan.hash || runner.plan.replicas !== plan.replicas) {
          runner.update(plan, this.#gate(key, plan));
        }
        runner.restartProxies(plan.proxyRestart);
      }
    }
  }

  /** Stops everything, callers before callees, within `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.#closed = true;
    const deadline = Date.now() + limitMs;
    const layers = this.#layers().reverse();
    for (const [at, layer] of layers.entries()) {
      // What is left of the time is shared by the layers that are left.
      const share = Math.max(250, (deadline - Date.now()) / (layers.length - at));
      await Promise.all(layer.map((key) => this.#runners.get(key)?.stop({ quick: true, limitMs: share })));
    }
    await Promise.all(this.#leaving);
  }

  #layers(): string[][] {
    const keys = [
      ...this.#runners.keys(),
      ...[...this.#needs.keys()].filter((key) => !this.#runners.has(key)),
    ];
    return startLayers(keys.map((key) => ({ key, needs: this.#needs.get(key) ?? [] })));
  }

  /** What an application waits for: those it depends on, for as long as it takes; those it calls, for a while. */
  async #gate(key: string, plan: WorkloadPlan): Promise<void> {
    const layers = this.#layers();
    const layerOf = (other: string): number => layers.findIndex((layer) => layer.includes(other));
    const callees = (this.#needs.get(key) ?? []).filter((other) => layerOf(other) < layerOf(key));
    const ready = (keys: readonly string[]): Promise<unknown> =>
      Promise.all(keys.map((other) => this.#runners.get(other)?.firstReady));
    const { promise: waitedEnough, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CALLEE_WAIT_MS);
    await Promise.race([ready(callees), waitedEnough]);
    clearTimeout(timer);
    await ready(plan.dependsOn);
  }

  #remove(key: string, runner: WorkloadRunner): void {
    this.#context.reporter.info(`stopping ${runner.plan.name}`);
    this.#runners.delete(key);
    const leaving = runner.stop({ quick: false }).finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

/** Workloads that one depends on by name, or calls through a Service that selects them. */
export function needsOf(
  plan: WorkloadPlan,
  plans: Iterable<WorkloadPlan>,
  services: readonly Resource[],
): string[] {
  const needs = new Set(plan.dependsOn);
  const all = [...plans];
  for (const { host } of plan.upstreams) {
    const fqdn = resolveHost(host, plan.namespace);
    for (const service of services) {
      const { name, namespace = 'default' } = service.metadata;
      if (resolveHost(name, namespace) !== fqdn) continue;
      const selector = (service.spec as { selector?: Record<string, string> } | undefined)?.selector;
      if (selector === undefined) continue;
      for (const other of all) {
        if (other.namespace === namespace && other !== plan && matches(other.labels, selector))
          needs.add(keyOfPlan(other));
      }
    }
  }
  return [...needs];
}

function matches(
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
