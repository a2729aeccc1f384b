import type { Tables } from '@tulle/decision/tables/tables';
import type { ProxyMetadata } from '@tulle/xds/node';
import { Engine, type EngineParts } from '../engine.ts';

export const metadata: ProxyMetadata = {
  NAMESPACE: 'default',
  SERVICE_ACCOUNT: 'default',
  NAME: 'test-0',
  WORKLOAD_NAME: 'test',
  LABELS: { app: 'test', version: 'v1' },
  CLUSTER_ID: 'tulle',
  MESH_ID: 'test',
  TULLE_ENGINE: 'tulle',
  TULLE_INBOUND: [],
  TULLE_OUTBOUND: { upstreams: [] },
  TULLE_ADMIN_PORT: 0,
};

/** An engine that serves `tables`; fails where a listener can't be bound. */
export async function startEngine(tables: Tables, more: Partial<EngineParts> = {}): Promise<Engine> {
  const engine = new Engine({
    node: { id: 'sidecar~127.0.0.1~test-0.default~default.svc.cluster.local', metadata },
    trustDomain: 'cluster.local',
    role: 'sidecar',
    ...more,
  });
  const failures = await engine.apply(tables);
  if (failures.length > 0)
    throw new Error(failures.map(({ listener, reason }) => `${listener}: ${reason}`).join('; '));
  return engine;
}

export function portOf(engine: Engine, name: string): number {
  const listener = engine.listeners.get(name);
  if (listener === undefined) throw new Error(`no listener ${name}`);
  return listener.port;
}
