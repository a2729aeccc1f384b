import { Instance } from './instance.ts';
import type { InstanceContext } from './instance-context.ts';
import { RestartWish, reportRestart } from './proxy/proxy-restart.ts';
import { nextStep } from './rollout.ts';
import { keyOfPlan, type WorkloadPlan } from './workload-plan.ts';

/** Keeps as many instances of one Workload running as it asks for, and rolls from version to version. */
export class WorkloadRunner {
  readonly key: string;
  readonly #context: InstanceContext;
  readonly #onChange: () => void;
  readonly #instances = new Set<Instance>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #wish: RestartWish;
  #plan: WorkloadPlan;
  #gate: Promise<void> = Promise.resolve();
  #restarting: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(plan: WorkloadPlan, context: InstanceContext, onChange: () => void) {
    this.key = keyOfPlan(plan);
    this.#plan = plan;
    this.#wish = new RestartWish(plan.proxyRestart);
    this.#context = context;
    this.#onChange = onChange;
  }

  get plan(): WorkloadPlan {
    return this.#plan;
  }

  get instances(): readonly Instance[] {
    return [...this.#instances].sort((a, b) => a.index - b.index);
  }

  /** Resolves when it is ready for the first time: all replicas, or it wants none. */
  get firstReady(): Promise<void> {
    return this.#settled.promise;
  }

  get ready(): boolean {
    const current = this.instances.filter((instance) => instance.ready && instance.hash === this.#plan.hash);
    return current.length >= this.#plan.replicas;
  }

  /** @param gate what applications started from now on wait for */
  update(plan: WorkloadPlan, gate: Promise<void>): void {
    // New instances come with new sidecars.
    if (plan.hash !== this.#plan.hash) this.#wish.renew(plan.proxyRestart);
    this.#plan = plan;
    this.#gate = gate;
    this.#reconcile();
  }

  /** Replaces the sidecars one after the other, while they serve, when it is asked for anew. */
  restartProxies(asked: string | undefined): void {
    if (!this.#wish.renew(asked)) return;
    const { reporter } = this.#context;
    this.#restarting = this.instances.reduce(async (before, instance) => {
      await before;
      if (!instance.stopping) await reportRestart(reporter, instance.name, () => instance.restartProxy());
    }, this.#restarting);
  }

  /** Stops all instances; resolves when they are gone. */
  async stop(options: { readonly quick: boolean; readonly limitMs?: number }): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.instances.map((instance) => instance.stop(options)));
  }

  #reconcile(): void {
    if (this.#stopping) return;
    const { start, stop } = nextStep(this.instances, this.#plan);
    for (const instance of this.instances)
      if (stop.includes(instance.name)) void instance.stop({ quick: false });
    for (const index of start) {
      const instance = new Instance(this.#plan, index, this.#context, this.#gate, () =>
        this.#changed(instance),
      );
      this.#instances.add(instance);
      void instance
        .start()
        .catch((error: unknown) => this.#context.reporter.error(`${instance.name}: ${String(error)}`));
    }
  }

  #changed(instance: Instance): void {
    if (instance.state === 'gone') this.#instances.delete(instance);
    if (this.ready) this.#settled.resolve();
    this.#onChange();
    this.#reconcile();
  }
}
