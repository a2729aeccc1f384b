import { x509 } from '../identity/x509.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** `<certificate NAME HOSTS DAYS>` and `<key NAME>` as PEM on one line; days count from `now`. */
export async function withCertificates(text: string, now: number): Promise<string> {
  const made = new Map<string, { privateKey: CryptoKey; publicKey: CryptoKey }>();
  const keysOf = async (name: string) => {
    const keys = made.get(name) ?? (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
    made.set(name, keys);
    return keys;
  };
  let result = text;
  for (const [whole, name = '', hosts = '', days = ''] of text.matchAll(/<certificate (\S+) (\S+) (\S+)>/g)) {
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...{ name: 'CN=test', signingAlgorithm: algorithm, keys: await keysOf(name) },
      notBefore: new Date(now - 10 * day),
      notAfter: new Date(now + Number(days) * day),
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          hosts.split(',').map((value) => ({ type: 'dns' as const, value })),
        ),
      ],
    });
    result = result.replace(whole, oneLine(certificate.toString('pem')));
  }
  for (const [whole, name = ''] of text.matchAll(/<key (\S+)>/g)) {
    const { privateKey } = await keysOf(name);
    const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
    result = result.replace(
      whole,
      oneLine(`-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`),
    );
  }
  return result;
}

const day = 24 * 3600 * 1000;

/** For a double-quoted scalar of YAML. */
const oneLine = (pem: string): string => pem.replaceAll('\n', '\\n');
