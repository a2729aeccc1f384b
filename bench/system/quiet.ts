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
