import { existsSync } from 'node:fs';
import type { ProxyRole } from '@tulle/xds/node';
import { ApiError } from './api-error.ts';
import type { ApiClient } from './client.ts';

/** A control plane that takes longer is taken for away. */
const ANSWER_WITHIN_MS = 2000;

/** What the proxy may say that it is; the control plane refuses anything else of its certificate's holder. */
export interface Claims {
  readonly role: ProxyRole;
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A single-use token with which one instance gets its first certificate (docs/architecture.md, API beyond
 * Kubernetes).
 */
async function requestEnrolmentToken(
  client: ApiClient,
  namespace: string,
  serviceAccount: string,
  instance: string,
  claims: Claims,
  signal: AbortSignal,
): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}/token`;
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {
      labels: claims.labels,
      annotations: { 'tulle.dev/role': claims.role, 'tulle.dev/workload': claims.workload },
    },
    spec: {
      audiences: ['tulle-enrolment'],
      boundObjectRef: { apiVersion: 'tulle.dev/v1alpha1', kind: 'Registration', name: instance },
    },
  };
  const answer = await client.request('POST', path, request, signal);
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
    readonly claims: Claims;
    readonly stateDir: string;
  },
  withinMs = ANSWER_WITHIN_MS,
): Promise<string | undefined> {
  const late = AbortSignal.timeout(withinMs);
  try {
    return await requestEnrolmentToken(client, of.namespace, of.serviceAccount, of.instance, of.claims, late);
  } catch (error) {
    // fetch's TypeError: nobody answered. One that hangs or stumbles serves a start no better.
    const away =
      late.aborted || error instanceof TypeError || (error instanceof ApiError && error.status >= 500);
    if (away && existsSync(of.stateDir)) return undefined;
    throw error;
  }
}
