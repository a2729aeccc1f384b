import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds, endedChildrenSeconds, machineSeconds, processTree } from './cpu.ts';

/** Above this share of one core, other processes may have moved the figures. */
export const noisyShare = 0.05;

/**
 * Watches what the machine does beside the benchmark. The function returned says at the end of a round what
 * all other processes used, and the hypervisor took, in cores.
 */
export function watchOthers(): () => number {
  const ours = (): number => cpuSeconds(processTree(process.pid)) + endedChildrenSeconds();
  const before = { machine: machineSeconds(), ours: ours(), at: performance.now() };
  return () => {
    const machine = machineSeconds();
    const busy = machine.busy - before.machine.busy + (machine.stolen - before.machine.stolen);
    const seconds = (performance.now() - before.at) / 1000;
    return Math.max(0, busy - (ours() - before.ours)) / seconds;
  };
}

/** Waits until other processes have been quiet for half a second, at most `limitMs`. False: they never were. */
export async function untilQuiet(limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  do {
    const others = watchOthers();
    await pause(500);
    if (others() <= noisyShare) return true;
  } while (performance.now() < end);
  return false;
}
