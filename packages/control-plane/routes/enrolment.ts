import { fieldsOf, isJsonObject } from '@tulle/resources/json-object';
import type { FastifyInstance } from 'fastify';
import { ApiError, badRequest, notFound } from '../api/status-error.ts';
import { commonNameOf } from '../identity/bound.ts';
import { type Claims, claimsDigest } from '../identity/claims.ts';
import type { EnrolmentTokens } from '../identity/enrolment.ts';
import type { Store } from '../store/store.ts';

const audience = 'tulle-enrolment';

interface Params {
  readonly namespace: string;
  readonly name: string;
}

/**
 * `POST …/serviceaccounts/{name}/token`, Kubernetes' TokenRequest: a single-use enrolment token for that
 * account. Whoever may call the API may have one; a workload may not.
 */
export function enrolmentRoutes(
  app: FastifyInstance,
  options: { readonly store: Store; readonly tokens: EnrolmentTokens },
): void {
  const path = '/api/v1/namespaces/:namespace/serviceaccounts/:name/token';
  app.post<{ Params: Params }>(path, async ({ params, body }, reply) => {
    const { namespace, name } = params;
    const account = await options.store.get({ group: '', plural: 'serviceaccounts', namespace, name });
    if (account === undefined || account.metadata.deletionTimestamp !== undefined) {
      throw notFound({ group: '', plural: 'serviceaccounts', kind: 'ServiceAccount', name });
    }
    const spec = readSpec(body);
    const claims = readClaims(body);
    const instance = spec.boundObjectRef?.name;
    const { token, expiresAt } = options.tokens.issue({
      identity: { namespace, serviceAccount: name },
      bound: {
        ...(instance === undefined ? {} : { commonName: commonNameOf(instance) }),
        ...(claims === undefined ? {} : { claims: claimsDigest(claims) }),
      },
    });
    const expirationTimestamp = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z');
    return reply.code(201).send({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name, namespace },
      spec: { audiences: [audience], ...(spec.boundObjectRef && { boundObjectRef: spec.boundObjectRef }) },
      status: { token, expirationTimestamp },
    });
  });
}

interface TokenRequestSpec {
  readonly boundObjectRef?: { readonly name?: string };
}

/** @throws ApiError 400, 422 for another audience than ours: such a token would be good for nothing */
function readSpec(body: unknown): TokenRequestSpec {
  if (!isJsonObject(body)) throw badRequest('the body must be a TokenRequest');
  if (body.kind !== undefined && body.kind !== 'TokenRequest')
    throw badRequest('the body must be a TokenRequest');
  const { spec = {} } = body;
  if (!isJsonObject(spec)) throw badRequest('spec must be an object');
  const { audiences = [audience], boundObjectRef } = spec;
  if (!Array.isArray(audiences) || audiences.length !== 1 || audiences[0] !== audience) {
    throw new ApiError(422, 'Invalid', `spec.audiences: must be ["${audience}"]`);
  }
  if (boundObjectRef === undefined) return {};
  if (!isJsonObject(boundObjectRef)) throw badRequest('spec.boundObjectRef must be an object');
  const { name } = boundObjectRef;
  if (name !== undefined && typeof name !== 'string')
    throw badRequest('spec.boundObjectRef.name must be a string');
  return { boundObjectRef: { ...boundObjectRef, ...(name === undefined ? {} : { name }) } };
}

/**
 * What the proxy may be: its labels are the request's own, its workload and role stand in annotations. Undefined
 * without those: then the token leaves it open.
 */
function readClaims(body: unknown): Claims | undefined {
  const { annotations, labels = {} } = fieldsOf(fieldsOf(body).metadata);
  const { 'tulle.dev/workload': workload, 'tulle.dev/role': role = 'sidecar' } = fieldsOf(annotations);
  if (workload === undefined) return undefined;
  if (typeof workload !== 'string' || typeof role !== 'string' || !isTexts(labels))
    throw badRequest('metadata.labels and metadata.annotations must be texts');
  return { role, workload, labels };
}

const isTexts = (value: unknown): value is Record<string, string> =>
  isJsonObject(value) && Object.values(value).every((one) => typeof one === 'string');
