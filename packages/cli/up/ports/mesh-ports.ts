import { formatAuthority } from '@tulle/decision/authority';
import type { MeshSpec } from '@tulle/resources/tulle/mesh';
import { Failure } from '../../failure.ts';
import { findPortHolder, type PortHolder } from './port-holder.ts';
import { isFree } from './ports.ts';

/** Where the mesh is reached on this machine; 0 lets the control plane choose its API's port. */
export interface MeshPorts {
  readonly address: string;
  readonly http: number;
  readonly https: number;
  readonly api: number;
}

const DEFAULTS = { http: 8080, https: 8443, api: 8090 } as const;

export interface PortProbes {
  readonly isFree: (port: number, address: string) => Promise<boolean>;
  readonly holderOf: (port: number) => PortHolder | undefined;
  readonly anyFree: () => Promise<number>;
}

/**
 * Chooses the mesh's ports: `--port` before Mesh `spec.ports` before the defaults. A port that somebody asked
 * for, and the default HTTP port, must be free. The other defaults give way to a free port, with a note.
 * @throws Failure naming the port, its holder where that can be known, and the way out
 */
export async function chooseMeshPorts(
  spec: NonNullable<MeshSpec['ports']>,
  requestedPort: number | undefined,
  probes: Pick<PortProbes, 'anyFree'> & Partial<PortProbes>,
): Promise<{ readonly ports: MeshPorts; readonly notes: readonly string[] }> {
  const { isFree: free = isFree, holderOf = findPortHolder, anyFree } = probes;
  const address = spec.address ?? '127.0.0.1';
  const notes: string[] = [];

  const insist = async (name: string, port: number, wayOut: string): Promise<number> => {
    if (port === 0) return anyFree();
    if (await free(port, address)) return port;
    throw new Failure(`${name} port ${port} is taken${by(holderOf(port))}.\n${wayOut}`);
  };
  const prefer = async (
    name: string,
    field: string,
    port: number,
    otherwise: () => Promise<number>,
  ): Promise<number> => {
    if (await free(port, address)) return port;
    const instead = await otherwise();
    const place = instead === 0 ? 'on a free one' : `on ${instead}`;
    notes.push(
      `${name} port ${port} is taken${by(holderOf(port))}: ${name} is ${place} (choose with Mesh spec.ports.${field})`,
    );
    return instead;
  };

  const http = await insist(
    'HTTP',
    requestedPort ?? spec.http ?? DEFAULTS.http,
    'Choose another with --port N, or with spec.ports.http of the Mesh resource.',
  );
  const https =
    spec.https === undefined
      ? await prefer('HTTPS', 'https', DEFAULTS.https, anyFree)
      : await insist('HTTPS', spec.https, 'Choose another with spec.ports.https of the Mesh resource.');
  const api =
    spec.api === undefined
      ? await prefer('API', 'api', DEFAULTS.api, async () => 0)
      : spec.api === 0
        ? 0
        : await insist('API', spec.api, 'Choose another with spec.ports.api of the Mesh resource.');
  return { ports: { address, http, https, api }, notes };
}

/** Under what URL this machine reaches a port; one that is open on all addresses is reached by loopback. */
export function localUrl(scheme: 'http' | 'https', address: string, port: number): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return `${scheme}://${formatAuthority(host, port)}`;
}

function by(holder: PortHolder | undefined): string {
  return holder === undefined ? '' : ` by process ${holder.pid} (${shorten(holder.command)})`;
}

function shorten(command: string): string {
  return command.length > 80 ? `${command.slice(0, 79)}…` : command;
}
