import type { Resource } from '@tulle/resources/kind';
import { ApiError } from '../api/status-error.ts';
import type { Resources } from '../api/writer/resources.ts';
import { followCollection } from '../follow.ts';
import { rootNamespace, rootNamespaces } from '../model/origin.ts';
import type { Store } from '../store/store.ts';

/** Labels by which Istio's samples select the ingress gateway. */
const gatewayLabels = { app: 'istio-ingressgateway', istio: 'ingressgateway' } as const;

const namespace = (name: string): Resource => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

const serviceAccount = (inNamespace: string, name: string): Resource => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: inNamespace },
});

/** As Istio's own: port 80 and 443 of the service are 8080 and 8443 of the gateway. */
const gatewayService: Resource = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'ingressgateway', namespace: rootNamespace, labels: gatewayLabels },
  spec: {
    selector: { istio: 'ingressgateway' },
    ports: [
      { name: 'http2', port: 80, targetPort: 8080, protocol: 'TCP' },
      { name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' },
    ],
  },
};

/** What every mesh has, however empty it is. */
export const systemResources: readonly Resource[] = [
  namespace('default'),
  ...rootNamespaces.map(namespace),
  gatewayService,
  serviceAccount(rootNamespace, 'ingressgateway'),
];

/**
 * Makes what every mesh has: namespaces `default`, `tulle-system` and `istio-system`, the ingress gateway's Service and
 * account, and in each namespace the account `default`, also in those that are made later. What is there
 * already is left as it is.
 */
export async function startSystemResources(options: {
  readonly store: Store;
  readonly resources: Resources;
  readonly onError: (error: unknown) => void;
}): Promise<{ close(): Promise<void> }> {
  const { resources, onError } = options;
  const ensure = async (resource: Resource): Promise<void> => {
    try {
      await resources.create(resource);
    } catch (error) {
      if (!(error instanceof ApiError && error.status.reason === 'AlreadyExists')) throw error;
    }
  };
  for (const resource of systemResources) await ensure(resource);

  let pending: Promise<unknown> = Promise.resolve();
  const follow = await followCollection({
    store: options.store,
    collection: { group: '', plural: 'namespaces' },
    onChange(changes) {
      for (const { resource } of changes) {
        if (resource === undefined || resource.metadata.deletionTimestamp !== undefined) continue;
        const account = serviceAccount(resource.metadata.name, 'default');
        pending = Promise.allSettled([pending, ensure(account).catch(ignoreGone).catch(onError)]);
      }
    },
    onError,
  });
  await pending;
  return {
    async close() {
      follow.close();
      await pending;
    },
  };
}

/** The namespace went away meanwhile. */
function ignoreGone(error: unknown): void {
  if (error instanceof ApiError && ['NotFound', 'Forbidden'].includes(error.status.reason ?? '')) return;
  throw error;
}
