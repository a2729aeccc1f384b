import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Clock } from '@tulle/xds/clock';
import type { NameServers } from './gateway-names/resolve-name.ts';

/** What `main.ts --config FILE` reads: JSON, written by whoever starts the control plane, readable by its owner alone. */
export interface ControlPlaneConfig {
  /** Name of the mesh and of its Mesh resource. */
  readonly mesh: string;
  readonly trustDomain: string;
  /** Absolute path of the mesh's folder (docs/architecture.md, State). */
  readonly stateDir: string;
  /** Where all ports bind; loopback when absent. */
  readonly address?: string;
  /** Port of the API: that one or none. 0 or absent: the one of the last start if it is free, else any. */
  readonly apiPort?: number;
  /** A pipe that the supervisor holds open: when it closes, end. */
  readonly lifelineFd?: number;
}

/** A control plane that serves. */
export interface ControlPlane {
  /** `http://127.0.0.1:8090` */
  readonly api: string;
  readonly address: string;
  readonly xdsPort: number;
  readonly enrolPort: number;
  readonly trustDomain: string;
  /** SPIFFE ID that it presents on both gRPC ports. */
  readonly identity: string;
  close(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly config: ControlPlaneConfig;
  readonly clock?: Clock;
  /** Who is asked for addresses of network gateways; by default, whom this machine asks. */
  readonly nameServers?: NameServers | undefined;
  /** How long an SVID lives; a day by default. */
  readonly svidLifetimeMs?: number;
  readonly log: (message: string, error?: unknown) => void;
}

/** @throws Error naming the field that is missing or wrong */
export function readConfig(path: string): ControlPlaneConfig {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const fields = value as Record<string, unknown>;
  const fail = (field: string, expected: string): never => {
    throw new Error(`${path}: ${field} must be ${expected}`);
  };
  if (typeof value !== 'object' || value === null) return fail('the file', 'a JSON object');
  for (const field of ['mesh', 'trustDomain', 'stateDir']) {
    if (typeof fields[field] !== 'string' || fields[field] === '') fail(field, 'a string');
  }
  if (!isAbsolute(fields.stateDir as string)) fail('stateDir', 'an absolute path');
  if (fields.address !== undefined && typeof fields.address !== 'string') fail('address', 'a string');
  for (const field of ['apiPort', 'lifelineFd']) {
    const number = fields[field];
    if (number !== undefined && !(Number.isInteger(number) && (number as number) >= 0))
      fail(field, 'an integer');
  }
  return value as ControlPlaneConfig;
}
