import { readFileSync } from 'node:fs';

/** Kept for what is not a client's: listeners, the control plane, logs, those who are told no. */
const descriptorReserve = 64;

/** Descriptors that this process may have open (RLIMIT_NOFILE, soft); undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

/**
 * How many clients so many descriptors serve. Each may need another one for its upstream, so that who was let in
 * is served whatever comes after.
 */
export function connectionsFor(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - descriptorReserve) / 2));
}
