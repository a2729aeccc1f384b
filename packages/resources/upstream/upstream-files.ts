import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { CrdSchema } from './crd-judge.ts';

/** `../shared/upstream` beside the repository. */
export const upstream = join(import.meta.dirname, '../../../../shared/upstream');
export const hasUpstream = existsSync(join(upstream, 'istio-crds.yaml'));

export interface Crd {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly singular: string;
      readonly listKind: string;
      readonly shortNames?: string[];
      readonly categories?: string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly subresources?: object;
      readonly schema: { readonly openAPIV3Schema: CrdSchema };
    }[];
  };
}

/** Istio's CRDs by kind. */
export function istioCrds(): Map<string, Crd> {
  const text = readFileSync(join(upstream, 'istio-crds.yaml'), 'utf8');
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Crd | null);
  return new Map(documents.flatMap((crd) => (crd === null ? [] : [[crd.spec.names.kind, crd] as const])));
}

/** The kinds of Istio that we have. */
export const istioKinds = [
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
  'WorkloadEntry',
  'WorkloadGroup',
  'PeerAuthentication',
  'RequestAuthentication',
  'Sidecar',
  'ProxyConfig',
  'EnvoyFilter',
];
