/** The client of `istio.v1.auth.IstioCertificateService`: how a proxy gets and renews its SVID. */
import { type Clock, systemClock } from '../clock.ts';
import { decode, encode } from '../wire.ts';
import { type ConnectGrpc, grpcCode, type TlsIdentity } from './transport.ts';

const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

export interface CertificateCall {
  readonly address: string;
  readonly port: number;
  /** `key` and `cert` (our SVID) for renewal; without them the token says who we are. */
  readonly tls: TlsIdentity;
  /** SPIFFE ID that the server must present. */
  readonly serverIdentity: string;
  /** Enrolment: sent as `authorization: Bearer …`. */
  readonly token?: string;
  readonly csrPem: string;
}

export interface CertificateAnswer {
  /** PEM: leaf, intermediates, and last the trusted roots (one or more in one block of text). */
  readonly certChain: readonly string[];
}

/** What `certificateService` makes, or what a test puts in its place. */
export type CallCertificateService = (call: CertificateCall) => Promise<CertificateAnswer>;

/** `code` is gRPC's: 16 and 7 mean that asking again is no use, 14 that nobody was there. */
class CertificateError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'CertificateError';
    this.code = code;
  }
}

const deadlineMs = 15_000;

/** The service as a function: one CreateCertificate call on a connection of its own, which throws CertificateError. */
export function certificateService(connect: ConnectGrpc, clock: Clock = systemClock): CallCertificateService {
  return ({ token, csrPem, ...target }) => {
    const connection = connect(target);
    return new Promise<CertificateAnswer>((resolve, reject) => {
      let answer: Uint8Array | undefined;
      const timer = clock.after(deadlineMs, () => {
        stream.cancel();
        reject(
          new CertificateError(grpcCode.deadlineExceeded, 'the certificate service did not answer in time'),
        );
      });
      const metadata = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const stream = connection.open(path, metadata, {
        onMessage: (message) => {
          answer = message;
        },
        onEnd: ({ code, message }) => {
          timer.cancel();
          if (code !== grpcCode.ok) reject(new CertificateError(code, message));
          else if (answer === undefined) reject(new CertificateError(grpcCode.internal, 'no answer'));
          else {
            try {
              resolve({ certChain: decode('istio.v1.auth.IstioCertificateResponse', answer).certChain });
            } catch (error) {
              reject(new CertificateError(grpcCode.internal, `bad answer: ${(error as Error).message}`));
            }
          }
        },
      });
      stream.send(encode('istio.v1.auth.IstioCertificateRequest', { csr: csrPem }));
      stream.end();
    }).finally(() => connection.close());
  };
}
