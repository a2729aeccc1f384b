/**
 * One call of `istio.v1.auth.IstioCertificateService/CreateCertificate`. Made by the xDS client; a proxy's
 * identity only needs this much of it.
 * @throws an error with a gRPC status `code` when the service refused, any other when it was not reached
 */
export type CallCertificateService = (request: CertificateCall) => Promise<CertificateAnswer>;

export interface CertificateCall {
  readonly address: string;
  readonly port: number;
  readonly tls: {
    /** The only roots that are believed, PEM. */
    readonly ca: string;
    /** Our SVID, for renewal. */
    readonly key?: string;
    readonly cert?: string;
  };
  /** SPIFFE ID that the server must present; its host name is not checked. */
  readonly serverIdentity: string;
  /** Enrolment: sent as `authorization: Bearer …`. */
  readonly token?: string;
  readonly csrPem: string;
}

export interface CertificateAnswer {
  /** PEM: leaf, intermediates, and last the trusted roots (one or more in one block of text). */
  readonly certChain: readonly string[];
}

/** gRPC status codes that asking again with the same request cannot change. */
const finalCodes: ReadonlySet<number> = new Set([
  3 /* INVALID_ARGUMENT */, 7 /* PERMISSION_DENIED */, 16 /* UNAUTHENTICATED */,
]);

/** Whether the service itself refused, for good. */
export function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && finalCodes.has(code);
}
