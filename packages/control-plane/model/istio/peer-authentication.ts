import type { Strings } from './common.ts';

export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';
export interface MtlsSpec {
  readonly mode?: MtlsMode | 'UNSET' | undefined;
}
export interface PeerAuthenticationSpec {
  readonly selector?: { readonly matchLabels?: Strings | undefined } | undefined;
  readonly mtls?: MtlsSpec | null | undefined;
  readonly portLevelMtls?: Readonly<Record<string, MtlsSpec>> | undefined;
}
