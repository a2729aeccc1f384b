import { z } from 'zod';
import type { ObjectMeta } from '../kind.ts';
import { message } from './message.ts';
import { metadataSchema } from './metadata.ts';
import type { NameRule } from './name.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

/** The parts that every resource has, besides which a kind has its own. */
export interface Identity {
  readonly group: string;
  readonly kind: string;
  readonly versions: readonly [string, ...string[]];
  /** How objects of the kind may be named; DNS subdomain when absent. */
  readonly name?: NameRule;
}

type Head<K> = { apiVersion: z.ZodType<string>; kind: z.ZodType<K>; metadata: z.ZodType<ObjectMeta> };

/** `group/version`, or the version alone for the core group. */
export const apiVersionOf = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

/** The schema of a whole resource: apiVersion, kind and metadata, then the kind's own fields. */
export function resourceSchema<const K extends string, R extends Shape, O extends Shape>(
  identity: Identity & { readonly kind: K },
  required: R,
  optional: O,
) {
  const [first, ...rest] = identity.versions.map((version) => apiVersionOf(identity.group, version));
  const head: Head<K> = {
    apiVersion: z
      .enum([first ?? '', ...rest])
      .describe('The API group and version; all versions are aliases of one schema.'),
    kind: z.enum([identity.kind]).describe('The kind of the resource.') as unknown as z.ZodType<K>,
    metadata: metadataSchema(identity.name ?? 'dns-subdomain'),
  };
  return message<Head<K> & R, O>({ ...head, ...required }, optional);
}

/** Where `requiredBeyondCrd` notes itself for the CRD generator. */
export const optionalInCrd = 'tulle-optional-in-crd';

/**
 * Fields that the API's CRD leaves optional although its controllers refuse a resource without them (Istio's
 * webhook and `spec`): required for us, optional in the CRD that we generate.
 */
export function requiredBeyondCrd<R extends Shape>(fields: R): R {
  return Object.fromEntries(
    Object.entries(fields).map(([name, type]) => [name, type.meta({ [optionalInCrd]: true })]),
  ) as unknown as R;
}
