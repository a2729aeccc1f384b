import { existsSync } from 'node:fs';
import type { ApiClient } from './client.ts';

/**
 * A single-use token with which one instance gets its first certificate (docs/architecture.md, API beyond
 * Kubernetes).
 */
async function requestEnrolmentToken(
  client: ApiClient,
  namespace: string,
  serviceAccount: string,
  instance: string,
): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}/token`;
  const answer = await client.request('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: ['tulle-enrolment'],
      boundObjectRef: { apiVersion: 'tulle.dev/v1alpha1', kind: 'Registration', name: instance },
    },
  });
  const token = (answer as { status?: { token?: unknown } } | undefined)?.status?.token;
  if (typeof token !== 'string') throw new Error('the API answered a TokenRequest without a token');
  return token;
}

/**
 * A token for the start of a proxy. While the control plane is away, a proxy that has been here before does
 * without: it starts with the key and configuration that it has kept.
 */
export async function enrolmentToken(
  client: ApiClient,
  of: {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly instance: string;
    readonly stateDir: string;
  },
): Promise<string | undefined> {
  try {
    return await requestEnrolmentToken(client, of.namespace, of.serviceAccount, of.instance);
  } catch (error) {
    // fetch's TypeError: nobody answered.
    if (error instanceof TypeError && existsSync(of.stateDir)) return undefined;
    throw error;
  }
}
