import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Clock } from '@tulle/xds/clock';
import {
  type IstioCertificateRequest,
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
} from '@tulle/xds/gen/istio/v1/auth/ca_pb.js';
import type { Authority, IssuedSvid } from './authority.ts';
import { CsrError } from './csr.ts';
import type { Enrolment, EnrolmentTokens } from './enrolment.ts';
import { readPeer } from './peer.ts';

/** `istio.v1.auth.IstioCertificateService`, as grpc-js takes it. */
export const certificateService = {
  createCertificate: {
    path: '/istio.v1.auth.IstioCertificateService/CreateCertificate',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: IstioCertificateRequest) =>
      Buffer.from(toBinary(IstioCertificateRequestSchema, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(IstioCertificateRequestSchema, bytes),
    responseSerialize: (message: IstioCertificateResponse) =>
      Buffer.from(toBinary(IstioCertificateResponseSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(IstioCertificateResponseSchema, bytes),
  },
} satisfies ServiceDefinition;

type Call = ServerUnaryCall<IstioCertificateRequest, IstioCertificateResponse>;

/** Who a call may have a certificate for. */
export interface Caller extends Enrolment {
  /** Serial number of the SVID that was shown for it: a renewal. */
  readonly renews?: string;
}

type Authenticate = (call: Call) => Caller | undefined;

export interface CertificateServiceOptions {
  readonly authority: Authority;
  /** Told of each certificate that was issued. */
  readonly onIssued?: (svid: IssuedSvid, caller: Caller) => void;
  /** An error of ours: the caller only learns that there was one. */
  readonly onError: (error: unknown) => void;
}

/** For the enrolment port: `authorization: Bearer <token>` says whom the certificate is for. */
export function enrolmentHandlers(
  options: CertificateServiceOptions & { readonly tokens: EnrolmentTokens },
): UntypedServiceImplementation {
  return handlers(options, 'the enrolment token is unknown, used or expired', (call) => {
    const [authorization] = call.metadata.get('authorization');
    const token = /^Bearer ([\w.-]+)$/i.exec(String(authorization ?? ''))?.[1];
    return token === undefined ? undefined : options.tokens.redeem(token, call.request.csr);
  });
}

/**
 * For the xDS port: the caller's own SVID says whom the new one is for, as long as it lives: TLS has looked at its
 * time when the connection was opened, and not since.
 */
export function renewalHandlers(
  options: CertificateServiceOptions & { readonly clock: Clock },
): UntypedServiceImplementation {
  return handlers(options, 'no SVID of this mesh, or one that has expired', (call) => {
    const raw = call.getAuthContext().sslPeerCertificate?.raw;
    const peer = raw === undefined ? undefined : readPeer(raw, options.authority.trustDomain);
    if (peer === undefined || peer.notAfter <= options.clock.now()) return undefined;
    // What the certificate was bound to, the next one is.
    const { identity, bound, serialNumber: renews } = peer;
    return { identity, bound, renews };
  });
}

/**
 * The answer is Istio's: leaf, intermediates, and as the last element the trusted roots. A token is spent
 * even if the request is then refused: a CSR that fails is no reason to keep a secret alive.
 */
function handlers(
  options: CertificateServiceOptions,
  refusal: string,
  authenticate: Authenticate,
): UntypedServiceImplementation {
  return {
    createCertificate(call: Call, reply: sendUnaryData<IstioCertificateResponse>): void {
      const caller = authenticate(call);
      if (caller === undefined) {
        reply({ code: status.UNAUTHENTICATED, details: refusal });
        return;
      }
      options.authority.issue(caller.identity, call.request.csr, caller.bound).then(
        (svid) => {
          options.onIssued?.(svid, caller);
          reply(null, create(IstioCertificateResponseSchema, { certChain: [...svid.chain, svid.roots] }));
        },
        (error: unknown) => {
          if (error instanceof CsrError) {
            reply({ code: status.INVALID_ARGUMENT, details: error.message });
          } else {
            options.onError(error);
            reply({ code: status.INTERNAL, details: 'the certificate could not be issued' });
          }
        },
      );
    },
  };
}
