import { enrol, FakeProxy, proxyMetadata } from '@tulle/control-plane/fake-proxy.fixture';
import { apiOf } from './api.ts';
import { bootstrapOf } from './bootstraps.ts';

/**
 * Joins a running mesh with a proxy that proxies nothing, may call everything, and remembers what it was sent.
 * @param beside an instance of the mesh
 */
export async function joinObserver(stateDir: string, instance: string, beside: string): Promise<FakeProxy> {
  const { controlPlane } = bootstrapOf(stateDir, beside);
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
  const answer = await apiOf(stateDir).request('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: ['tulle-enrolment'], boundObjectRef: { name: instance } },
  });
  const svid = await enrol(controlPlane, (answer.status as { token: string }).token);
  return new FakeProxy(controlPlane, svid, proxyMetadata(instance, 'default', { TULLE_INBOUND: [] }));
}
