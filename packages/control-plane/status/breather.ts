import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@tulle/xds/clock';

/** Long work in short slices: everything else gets its turn between them. */
export interface Breather {
  /** To be awaited when it is not undefined: this slice has been long enough. */
  pause(): Promise<void> | undefined;
}

/** @param sliceMs after which a pause is due; counted from the end of the last one */
export function createBreather(clock: Clock, sliceMs: number): Breather {
  let begin = clock.steady();
  const breathe = async (): Promise<void> => {
    await turn();
    begin = clock.steady();
  };
  return { pause: () => (clock.steady() - begin < sliceMs ? undefined : breathe()) };
}
