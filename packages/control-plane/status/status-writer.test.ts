import type { Resource } from '@tulle/resources/kind';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { describe, expect, it, vi } from 'vitest';
import { createStatusWriter } from './status-writer.ts';
import type { Count } from './tally.ts';

function setUp() {
  const clock = new ManualClock();
  const resource: Resource = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', namespace: 'default', generation: 1 },
    spec: {},
  };
  const counts = new Map<string, Count>();
  const key = 'VirtualService/default/reviews';
  const messages: string[] = [];
  const counted = vi.fn(async () => counts);
  const writer = createStatusWriter({
    sources: {
      resources: () => [resource],
      counts: counted,
      problems: () => [],
      analyze: async () => {},
      findings: () => [],
      conditions: () => [],
      conditioned: new Set(['VirtualService']),
      derive: (_, status) => status,
    },
    write: async (_, change) => {
      resource.status = change(resource.status);
      const { conditions } = resource.status as { conditions: { type: string; message: string }[] };
      messages.push(conditions.find(({ type }) => type === 'Applied')?.message ?? '');
    },
    clock,
    onError: (error) => {
      throw error;
    },
  });
  const set = (applied: number, total: number, more: Partial<Count> = {}) => {
    counts.set(key, { applied, total, pending: applied < total, rejections: [], generation: 1, ...more });
    writer.touch();
  };
  /** Moves time, then lets the writing end. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, set, pass, messages, counted, writer };
}

describe('the status writer', () => {
  it('writes a count once, when it has settled', async () => {
    const { set, pass, messages } = setUp();
    for (let applied = 0; applied <= 3; applied++) {
      set(applied, 3);
      await pass(100);
    }
    expect(messages).toEqual([]);
    await pass(250);
    expect(messages).toEqual(['Applied 3/3']);
    set(3, 3);
    await pass(1000);
    expect(messages).toEqual(['Applied 3/3']);
  });

  it('writes a refusal at once', async () => {
    const { set, pass, messages } = setUp();
    set(1, 3, { rejections: [{ proxy: 'p', reason: 'no' }] });
    await pass(250);
    expect(messages).toEqual(['Applied 1/3; p: no']);
  });

  it('says Partial when a proxy does not answer for five seconds', async () => {
    const { set, pass, messages, clock } = setUp();
    set(2, 3);
    await pass(250);
    // The condition about the model is written meanwhile, the count is not.
    expect(messages).toEqual(['']);
    await pass(5_000);
    expect(messages.at(-1)).toBe('Applied 2/3');
    // It looks again in an hour: certificates grow old by themselves.
    expect(clock.pending).toBe(1);
  });

  it('does not wait for ever when it is touched all the time', async () => {
    const { set, pass, messages } = setUp();
    for (let step = 0; step < 12; step++) {
      set(3, 3);
      await pass(100);
    }
    expect(messages).toEqual(['Applied 3/3']);
  });

  it('does nothing after close', async () => {
    const { set, pass, messages, writer, clock } = setUp();
    set(3, 3);
    await writer.close();
    set(3, 3);
    await pass(1000);
    expect(messages).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
