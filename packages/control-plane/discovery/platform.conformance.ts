import { afterEach, describe, expect, it } from 'vitest';
import type { WorkloadInstance } from '../model/instances/instance.ts';
import { byName } from '../model/instances/instance-list.ts';
import type { OnInstances, Platform } from './platform.ts';

/** A platform under test, and the hands that change what it sees. */
export interface PlatformFixture {
  readonly platform: Platform;
  /** Brings an instance up, healthy; resolves when the platform has been given the news. */
  appear(namespace: string, name: string, labels: Record<string, string>): Promise<void>;
  /** The instance's application stops serving, the instance stays. */
  sicken(namespace: string, name: string): Promise<void>;
  /** The instance goes in an orderly way. */
  vanish(namespace: string, name: string): Promise<void>;
  close(): Promise<void>;
}

/** What every platform promises. */
export function platformConformance(
  name: string,
  open: (onInstances: OnInstances) => Promise<PlatformFixture>,
): void {
  describe(`${name} as a platform`, () => {
    let fixture: PlatformFixture | undefined;
    let told: (readonly WorkloadInstance[])[] = [];
    const start = async (): Promise<PlatformFixture> => {
      told = [];
      fixture = await open((instances) => told.push(instances));
      return fixture;
    };
    afterEach(async () => fixture?.close());
    const names = (instances: readonly WorkloadInstance[]): string[] =>
      instances.map((instance) => `${instance.namespace}/${instance.name}`);

    it('tells of instances that appear and vanish, in order of their names', async () => {
      const { platform, appear, vanish } = await start();
      expect(platform.instances()).toEqual([]);
      await appear('b', 'reviews-v1-0', { app: 'reviews' });
      await appear('a', 'zebra-0', { app: 'zebra' });
      await appear('b', 'details-0', { app: 'details' });
      expect(names(platform.instances())).toEqual(['a/zebra-0', 'b/details-0', 'b/reviews-v1-0']);
      expect([...platform.instances()].sort(byName)).toEqual(platform.instances());
      await vanish('b', 'details-0');
      expect(names(platform.instances())).toEqual(['a/zebra-0', 'b/reviews-v1-0']);
      expect(told.at(-1)).toBe(platform.instances());
    });

    it('keeps unchanged instances the same objects and unchanged lists the same lists', async () => {
      const { platform, appear } = await start();
      await appear('a', 'one-0', { app: 'one' });
      const [one] = platform.instances();
      await appear('a', 'two-0', { app: 'two' });
      expect(platform.instances()[0]).toBe(one);
      expect(platform.instances()).toBe(platform.instances());
      const count = told.length;
      await appear('a', 'two-0', { app: 'two' });
      expect(told.length).toBe(count);
    });

    it('tells of health without losing the instance', async () => {
      const { platform, appear, sicken } = await start();
      await appear('a', 'one-0', { app: 'one' });
      expect(platform.instances()[0]?.health).toBe('healthy');
      await sicken('a', 'one-0');
      expect(platform.instances()[0]?.health).toBe('unhealthy');
    });

    it('tells nothing after it was closed', async () => {
      const { platform, appear } = await start();
      await appear('a', 'one-0', { app: 'one' });
      const count = told.length;
      await platform.close();
      await appear('a', 'two-0', { app: 'two' });
      expect(told.length).toBe(count);
    });
  });
}
