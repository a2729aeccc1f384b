import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { describe, expect, it, vi } from 'vitest';
import { createDebounce } from './debounce.ts';

function setUp() {
  const clock = new ManualClock();
  const run = vi.fn();
  return { clock, run, debounce: createDebounce({ clock, quietMs: 10, maxMs: 100, run }) };
}

describe('a debounce', () => {
  it('runs once when calls have stopped', () => {
    const { clock, run, debounce } = setUp();
    for (let call = 0; call < 5; call++) {
      debounce.call();
      clock.advance(9);
    }
    expect(run).not.toHaveBeenCalled();
    clock.advance(1);
    expect(run).toHaveBeenCalledTimes(1);
    clock.advance(1000);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('does not wait longer than its maximum', () => {
    const { clock, run, debounce } = setUp();
    for (let ms = 0; ms < 250; ms += 5) {
      debounce.call();
      clock.advance(5);
    }
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('waits no longer when the machine’s clock is set back', () => {
    const { clock, run, debounce } = setUp();
    debounce.call();
    clock.jump(-3_600_000);
    for (let ms = 0; ms < 150; ms += 5) {
      debounce.call();
      clock.advance(5);
    }
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('does not run after close', () => {
    const { clock, run, debounce } = setUp();
    debounce.call();
    debounce.close();
    debounce.call();
    clock.advance(1000);
    expect(run).not.toHaveBeenCalled();
  });
});
