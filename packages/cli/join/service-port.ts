import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { REGISTRATION } from '../up/registration-status.ts';
import type { PlannedPort } from '../up/workload-plan.ts';

/** Marks a Service that `tulle run` has made, so that the last who runs it takes it away again. */
const MADE_BY_RUN = 'tulle.dev/made-by-run';

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
}

/**
 * Which port of an instance a Service leads to when its users say `port`: the service's own number, or the
 * target behind it.
 */
function instancePort(ports: readonly ServicePort[], port: number): PlannedPort {
  const asTarget = ports.find((one) => (one.targetPort ?? one.port) === port);
  if (asTarget !== undefined) return { port, ...nameOf(asTarget) };
  const asService = ports.find((one) => one.port === port);
  if (asService === undefined) return { port };
  if (typeof asService.targetPort === 'string') return { port, name: asService.targetPort };
  return { port: asService.targetPort ?? port, ...nameOf(asService) };
}

function nameOf({ name }: ServicePort): { name?: string } {
  return name === undefined ? {} : { name };
}

export interface JoinedService {
  readonly port: PlannedPort;
  /** Takes the Service away, if `tulle run` has made it and nobody else runs it any more. */
  readonly leave: () => Promise<void>;
}

/** Finds the Service, or makes one that selects `app: <name>`. */
export async function joinService(
  client: ApiClient,
  namespace: string,
  name: string,
  port: number,
  instance: string,
): Promise<JoinedService> {
  const kind = serviceKind();
  let service = await existing(client, kind, namespace, name);
  service ??= await client.create(kind, namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { [MADE_BY_RUN]: 'true' } },
    spec: { selector: { app: name }, ports: [{ name: 'http', port }] },
  });
  const { ports = [] } = (service.spec ?? {}) as { ports?: ServicePort[] };
  return {
    port: instancePort(ports, port),
    async leave() {
      const now = await existing(client, kind, namespace, name);
      if (now?.metadata.labels?.[MADE_BY_RUN] !== 'true') return;
      const { items } = await client.list(REGISTRATION, { namespace });
      const others = items.filter(({ metadata, spec }) => {
        const { labels = {} } = spec as { labels?: Record<string, string> };
        return metadata.name !== instance && labels.app === name;
      });
      if (others.length === 0) await client.delete(kind, namespace, name);
    },
  };
}

function serviceKind(): ResourceKind {
  const kind = findKind('v1', 'Service');
  if (kind === undefined) throw new Error('Service is no kind');
  return kind;
}

async function existing(
  client: ApiClient,
  kind: ResourceKind,
  namespace: string,
  name: string,
): Promise<Resource | undefined> {
  try {
    return await client.get(kind, namespace, name);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
