import { expect } from 'vitest';
import { nothing } from '../census.ts';
import { type ChildShape, childProxy } from '../child-proxy.ts';
import { type Answer, type RawConnection, rawBackend } from '../raw-backend.ts';
import { bystander } from './bystander.ts';

const MB = 1024 * 1024;
/** Of pages that V8 and the allocator keep for later, whatever is in use. */
const keptMb = 32;

export interface Bounds {
  /** What is in use may grow by so much while the attack is on. */
  readonly growthMb: number;
  /** CPU that the proxy may spend on all of the attack and its bystander. */
  readonly cpuMs: number;
}

export interface Attack {
  readonly shape?: Partial<ChildShape>;
  readonly answer?: Answer;
  readonly connected?: (connection: RawConnection) => void;
  readonly bounds?: Partial<Bounds>;
  /** Resolves when the proxy has ended every connection of the attacker. @param peak looks at the memory now */
  readonly run: (port: number, peak: () => Promise<void>) => Promise<void>;
}

/** Attacks a proxy of its own: memory, time, and everybody else's requests are watched. */
export async function underAttack({ shape, answer, connected, bounds = {}, run }: Attack): Promise<void> {
  const { growthMb = 24, cpuMs = 3_000 } = bounds;
  const backend = await rawBackend(answer, connected);
  const proxy = await childProxy({ kind: 'http', backendPort: backend.port, ...shape });
  try {
    // What a first request costs once (compiled code, pools) is not the attack's.
    await (await bystander(proxy.port)).stop();
    const before = await proxy.report();
    const most = { rss: 0, heap: 0 };
    const peak = async (): Promise<void> => {
      const { rss, heap } = await proxy.report();
      most.rss = Math.max(most.rss, rss);
      most.heap = Math.max(most.heap, heap);
    };
    const other = await bystander(proxy.port);
    await run(proxy.port, peak);
    await peak();
    const { answers } = await other.stop();
    expect(answers).toBeGreaterThan(0);
    const after = await proxy.report();
    expect((most.heap - before.heap) / MB, 'MB in use').toBeLessThan(growthMb);
    expect((most.rss - before.rss) / MB, 'MB of the process').toBeLessThan(growthMb + keptMb);
    expect(after.cpuMs - before.cpuMs).toBeLessThan(cpuMs);
    await backend.close();
    await expect.poll(async () => (await proxy.report()).census).toEqual(nothing);
  } finally {
    await proxy.close();
    await backend.close();
  }
}
