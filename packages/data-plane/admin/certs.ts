import { pemCertificates } from '../net/certificates/pem.ts';
import { readSubjectAltNames } from '../net/certificates/subject-alt-names.ts';
import type { LoadedCertificate } from './sources.ts';

const day = 86_400_000;

/** `/certs`: envoy.admin.v3.Certificates. */
export function certificatesJson(loaded: Iterable<LoadedCertificate>, now: number): unknown {
  return {
    certificates: Array.from(loaded, ({ name, chainPem, rootsPem }) => ({
      name,
      ca_cert: details(rootsPem, name, now),
      cert_chain: details(chainPem, name, now),
    })),
  };
}

function details(pem: string | undefined, name: string, now: number): unknown[] {
  return pemCertificates(pem ?? '').map((certificate) => {
    const names = readSubjectAltNames(certificate.raw);
    const expires = new Date(certificate.validTo);
    return {
      path: `<inline: ${name}>`,
      serial_number: certificate.serialNumber.toLowerCase(),
      subject_alt_names: [...names.uris.map((uri) => ({ uri })), ...names.dnsNames.map((dns) => ({ dns }))],
      days_until_expiration: String(Math.max(0, Math.floor((expires.getTime() - now) / day))),
      valid_from: new Date(certificate.validFrom).toISOString(),
      expiration_time: expires.toISOString(),
    };
  });
}
