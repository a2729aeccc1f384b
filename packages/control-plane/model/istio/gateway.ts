import type { Strings } from './common.ts';

export interface GatewaySpec {
  readonly selector?: Strings | undefined;
  readonly servers?: readonly ServerSpec[] | undefined;
}
export interface ServerSpec {
  readonly name?: string | undefined;
  readonly bind?: string | undefined;
  readonly port: { readonly number: number; readonly name: string; readonly protocol: string };
  readonly hosts: readonly string[];
  readonly tls?: ServerTls | undefined;
}
export interface ServerTls {
  readonly mode?:
    | 'PASSTHROUGH'
    | 'SIMPLE'
    | 'MUTUAL'
    | 'AUTO_PASSTHROUGH'
    | 'ISTIO_MUTUAL'
    | 'OPTIONAL_MUTUAL'
    | undefined;
  readonly httpsRedirect?: boolean | undefined;
  readonly credentialName?: string | undefined;
  readonly credentialNames?: readonly string[] | undefined;
  readonly caCertCredentialName?: string | undefined;
  readonly serverCertificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly caCertificates?: string | undefined;
  readonly caCrl?: string | undefined;
  readonly tlsCertificates?:
    | readonly {
        readonly serverCertificate?: string | undefined;
        readonly privateKey?: string | undefined;
        readonly caCertificates?: string | undefined;
      }[]
    | undefined;
  readonly verifyCertificateSpki?: readonly string[] | undefined;
  readonly verifyCertificateHash?: readonly string[] | undefined;
  readonly insecureSkipVerify?: boolean | null | undefined;
  readonly subjectAltNames?: readonly string[] | undefined;
  readonly minProtocolVersion?: TlsVersion | undefined;
  readonly maxProtocolVersion?: TlsVersion | undefined;
  readonly cipherSuites?: readonly string[] | undefined;
  readonly ecdhCurves?: readonly string[] | undefined;
}
export type TlsVersion = 'TLS_AUTO' | 'TLSV1_0' | 'TLSV1_1' | 'TLSV1_2' | 'TLSV1_3';
