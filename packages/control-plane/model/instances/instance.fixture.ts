import type { WorkloadInstance } from './instance.ts';

/** For tests: a healthy instance on loopback that serves nothing yet, of the workload that it is named after. */
export const instanceOf = (
  given: Partial<WorkloadInstance> & Pick<WorkloadInstance, 'name'>,
): WorkloadInstance => ({
  namespace: 'default',
  workload: given.name.replace(/-\d+$/, ''),
  serviceAccount: 'default',
  labels: {},
  address: '127.0.0.1',
  ports: [],
  tlsMode: 'istio',
  weight: 1,
  locality: '',
  network: '',
  cluster: '',
  health: 'healthy',
  ...given,
});
