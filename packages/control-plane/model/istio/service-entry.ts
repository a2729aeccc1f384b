import type { Strings } from './common.ts';

export interface ServiceEntrySpec {
  readonly hosts: readonly string[];
  readonly addresses?: readonly string[] | undefined;
  readonly ports?:
    | readonly {
        readonly number: number;
        readonly name: string;
        readonly protocol?: string | undefined;
        readonly targetPort?: number | undefined;
      }[]
    | undefined;
  readonly location?: 'MESH_EXTERNAL' | 'MESH_INTERNAL' | undefined;
  readonly resolution?: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS' | undefined;
  readonly endpoints?: readonly WorkloadEntrySpec[] | undefined;
  readonly workloadSelector?: { readonly labels?: Strings | undefined } | undefined;
  readonly exportTo?: readonly string[] | undefined;
  readonly subjectAltNames?: readonly string[] | undefined;
}
export interface WorkloadEntrySpec {
  readonly address?: string | undefined;
  readonly ports?: Readonly<Record<string, number>> | undefined;
  readonly labels?: Strings | undefined;
  readonly network?: string | undefined;
  readonly locality?: string | undefined;
  readonly weight?: number | undefined;
  readonly serviceAccount?: string | undefined;
}
