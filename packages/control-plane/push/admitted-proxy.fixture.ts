import type { AdmittedProxy } from '../discovery/universal/admission.ts';
import { proxyMetadata } from '../fake-proxy.fixture.ts';

/** For tests: a sidecar of the default namespace that was let in. */
export const admittedProxy = (name: string): AdmittedProxy => ({
  id: `${name}.default`,
  nodeId: `sidecar~127.0.0.1~${name}.default~default.svc.cluster.local`,
  role: 'sidecar',
  metadata: proxyMetadata(name, 'default'),
  identity: 'spiffe://mesh.test/ns/default/sa/default',
  serialNumber: '1',
  notAfter: 0,
});
