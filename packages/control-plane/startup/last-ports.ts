import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readIfPresent, writePrivateFile } from '../identity/key-file.ts';

/** The ports that a control plane was bound to. */
export interface Ports {
  readonly api: number;
  readonly xds: number;
  readonly enrol: number;
}

/** Beside what else goes with a run: proxies started in it know these ports and come back to them. */
const fileOf = (stateDir: string): string => join(stateDir, 'run', 'control-plane-ports.json');

/** Those of the last start in this run; 0 where unknown. */
export function readLastPorts(stateDir: string): Ports {
  try {
    const value = JSON.parse(readIfPresent(fileOf(stateDir)) ?? '{}') as Record<string, unknown>;
    return { api: port(value.api), xds: port(value.xds), enrol: port(value.enrol) };
  } catch {
    return { api: 0, xds: 0, enrol: 0 };
  }
}

/** For the next start: proxies and kubeconfigs that are out there find the control plane where it was. */
export function writeLastPorts(stateDir: string, ports: Ports): void {
  mkdirSync(dirname(fileOf(stateDir)), { recursive: true, mode: 0o700 });
  writePrivateFile(fileOf(stateDir), JSON.stringify(ports));
}

/** Binds the preferred port, or any when that is taken. 0 means any. */
export async function bindPreferred<T>(preferred: number, bind: (port: number) => Promise<T>): Promise<T> {
  if (preferred === 0) return bind(0);
  try {
    return await bind(preferred);
  } catch {
    return bind(0);
  }
}

const port = (value: unknown): number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536 ? (value as number) : 0;
