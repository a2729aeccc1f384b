import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { CallCertificateService, CertificateAnswer } from '@tulle/xds/client/certificates';
import { parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import type { Bootstrap } from '../bootstrap.ts';
import { createCsr } from './csr.ts';
import { fetchPinnedRoot, PinError } from './pinned-root.ts';
import { assembleSvid, type Svid, SvidError } from './svid.ts';

const pinTimeoutMs = 5_000;

/** `spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>` of this proxy. */
export function ownUri(bootstrap: Bootstrap): string {
  const { NAMESPACE, SERVICE_ACCOUNT } = bootstrap.node.metadata;
  return `spiffe://${bootstrap.trustDomain}/ns/${NAMESPACE}/sa/${SERVICE_ACCOUNT}`;
}

interface Context {
  readonly bootstrap: Bootstrap;
  readonly now: () => number;
  readonly call: CallCertificateService;
}

/** A new key, and the request for its certificate. */
export interface SvidRequest {
  readonly keyPem: string;
  readonly csrPem: string;
}

export function newRequest(bootstrap: Bootstrap): SvidRequest {
  const keyPem = newKeyPem();
  return { keyPem, csrPem: createCsr(createPrivateKey(keyPem), ownUri(bootstrap)) };
}

/**
 * An SVID by enrolment token: the first, or one in the place of one that has expired. The token goes only to a
 * server whose chain ends in the root that it pins. What had no answer is asked again by the same request: a token is
 * spent by one.
 * @throws PinError, SvidError, and what the call throws
 */
export async function enrol(
  { bootstrap, now, call }: Context,
  text: string | undefined,
  { keyPem, csrPem }: SvidRequest = newRequest(bootstrap),
): Promise<Svid> {
  const { address, enrolPort, identity } = bootstrap.controlPlane;
  const token = text === undefined ? undefined : parseEnrolmentToken(text);
  if (text === undefined || token === undefined) throw new PinError('no enrolment token, or not one');
  const ca = await fetchPinnedRoot({ address, port: enrolPort, pin: token.rootPin, timeoutMs: pinTimeoutMs });
  const answer = await call({
    address,
    port: enrolPort,
    tls: { ca },
    serverIdentity: identity,
    token: text,
    csrPem,
  });
  return accept(answer, keyPem, bootstrap, now());
}

/**
 * The next SVID, with a new key, by showing the current one.
 * @throws SvidError, and what the call throws
 */
export async function renew({ bootstrap, now, call }: Context, current: Svid): Promise<Svid> {
  const { address, xdsPort, identity } = bootstrap.controlPlane;
  const { keyPem, csrPem } = newRequest(bootstrap);
  const answer = await call({
    address,
    port: xdsPort,
    tls: { ca: current.rootsPem, key: current.keyPem, cert: current.chainPem },
    serverIdentity: identity,
    csrPem,
  });
  return accept(answer, keyPem, bootstrap, now());
}

function accept({ certChain }: CertificateAnswer, keyPem: string, bootstrap: Bootstrap, now: number): Svid {
  const rootsPem = certChain.at(-1);
  if (rootsPem === undefined || certChain.length < 2) throw new SvidError('the answer has no chain');
  const chainPem = certChain.slice(0, -1).join('');
  return assembleSvid({ keyPem, chainPem, rootsPem }, { uri: ownUri(bootstrap), now });
}

function newKeyPem(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}
