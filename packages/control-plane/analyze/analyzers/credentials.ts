import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ServerTls } from '../../model/istio.ts';
import type { Credential } from '../../model/security/credential.ts';
import { hostCovers } from '../../model/services/host.ts';
import type { Gateway, GatewayServer } from '../../model/traffic/gateway.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh } from '../mesh.ts';
import type { Message } from '../message.ts';
import { gatewaysSelected } from './gateways.ts';
import { notFound } from './problems.ts';

const invalidCredential: Message = {
  code: 'IST0161',
  name: 'InvalidGatewayCredential',
  level: 'Error',
  about:
    'The Secret of a Gateway’s server holds no certificate that can serve: malformed, not its key’s, or expired.',
  consequence: 'The server is not served, or clients refuse its certificate.',
  remedy: 'Put a valid certificate (tls.crt) and its key (tls.key) into the Secret.',
};

const sharedCertificate: Message = {
  code: 'IST0138',
  name: 'GatewayDuplicateCertificate',
  level: 'Warning',
  about: 'Several Gateways of one gateway show the same certificate.',
  consequence:
    'A client may use its HTTP/2 connection to one for hosts of the other, and is told 421 to open another.',
  remedy: 'Put the hosts into one server, or give each a certificate of its own.',
};

const expiresSoon: Message = {
  code: 'TUL0411',
  name: 'CertificateExpiresSoon',
  level: 'Warning',
  about: 'A Gateway’s certificate expires within 14 days.',
  consequence: 'After that clients refuse it.',
  remedy: 'Renew it and put it into the Secret; it is taken up without a restart.',
};

const otherName: Message = {
  code: 'TUL0412',
  name: 'CertificateNotForHost',
  level: 'Warning',
  about: 'A host of a Gateway’s server is not a name of its certificate.',
  consequence: 'Clients of that host refuse the certificate.',
  remedy: 'Use a certificate with the host, or `*.` and its domain, as a subject alternative name.',
};

const soonMs = 14 * 24 * 3600 * 1000;

/** The Secrets of Gateways: there, whole, in date, and for their hosts. */
export const credentials: Analyzer = {
  messages: [invalidCredential, sharedCertificate, expiresSoon, otherName],
  analyze(mesh, report) {
    const users = new Map<Credential, Gateway>();
    for (const gateway of mesh.config.gateways) {
      for (const server of gateway.servers) {
        for (const { name, path } of namesOf(server.spec.tls ?? {})) {
          const origin = { ...server.origin, path: `${server.origin.path}.tls.${path}` };
          const credential = find(mesh, gateway, name);
          if (credential === undefined) {
            report(
              notFound,
              origin,
              `no Secret ${name} with a certificate in ${placesOf(mesh, gateway).join(' or ')}`,
            );
            continue;
          }
          checkCredential(credential, server, mesh.now, (message, detail) => report(message, origin, detail));
          const other = users.get(credential);
          if (other !== undefined && other !== gateway)
            report(
              sharedCertificate,
              origin,
              `Gateway ${other.key} shows the certificate of Secret ${name} too`,
            );
          users.set(credential, other ?? gateway);
        }
      }
    }
  },
};

function namesOf({
  mode = 'SIMPLE',
  credentialName,
  credentialNames,
}: ServerTls): { name: string; path: string }[] {
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH' || mode === 'ISTIO_MUTUAL') return [];
  if (credentialNames?.length)
    return credentialNames.map((name, index) => ({ name, path: `credentialNames[${index}]` }));
  return credentialName ? [{ name: credentialName, path: 'credentialName' }] : [];
}

/** Where compile looks: beside the gateway, then beside the Gateway. */
const placesOf = (mesh: AnalyzedMesh, gateway: Gateway): readonly string[] => [
  ...new Set([...gatewaysSelected(mesh, gateway).map(({ namespace }) => namespace), gateway.namespace]),
];

const find = (mesh: AnalyzedMesh, gateway: Gateway, name: string): Credential | undefined =>
  placesOf(mesh, gateway)
    .map((namespace) => mesh.config.credentials.get(`${namespace}/${name}`))
    .find((found) => found !== undefined);

function checkCredential(
  credential: Credential,
  { hosts }: GatewayServer,
  now: number,
  report: (message: Message, detail: string) => void,
): void {
  const { name } = credential;
  const certificate = usable(credential, now);
  if (typeof certificate === 'string') {
    report(invalidCredential, certificate);
    return;
  }
  const { validToDate: to } = certificate;
  if (to.getTime() - now < soonMs)
    report(expiresSoon, `the certificate of Secret ${name} expires on ${dayOf(to)}`);
  const names = namesIn(certificate);
  for (const { host } of hosts)
    if (host !== '*' && names.length > 0 && !names.some((one) => isNameFor(one, host)))
      report(otherName, `the certificate of Secret ${name} is for ${names.join(', ')}, not ${host}`);
}

/** The certificate, or why it can't serve. */
function usable({ name, certificate, key }: Credential, now: number): X509Certificate | string {
  if (certificate === undefined) return `Secret ${name} has no tls.crt`;
  if (key === undefined) return `Secret ${name} has no tls.key`;
  const parsed = parse(certificate);
  if (parsed === undefined) return `tls.crt of Secret ${name} is no PEM certificate`;
  const fits = keyFits(parsed, key);
  if (fits !== true) return `tls.key of Secret ${name} ${fits}`;
  const { validFromDate: from, validToDate: to } = parsed;
  if (to.getTime() <= now) return `the certificate of Secret ${name} expired on ${dayOf(to)}`;
  if (from.getTime() > now) return `the certificate of Secret ${name} is valid from ${dayOf(from)} on`;
  return parsed;
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyFits(certificate: X509Certificate, pem: string): true | string {
  try {
    return certificate.checkPrivateKey(createPrivateKey(pem)) || 'is not the key of its certificate';
  } catch {
    return 'is no PEM private key';
  }
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

const namesIn = ({ subjectAltName = '' }: X509Certificate): readonly string[] =>
  [...subjectAltName.matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name.toLowerCase());

/** A wildcard stands for one label (RFC 6125). */
const isNameFor = (name: string, host: string): boolean =>
  name === host || (hostCovers(name, host) && !host.slice(0, host.length - name.length + 1).includes('.'));
