import { X509Certificate } from 'node:crypto';
import { wildcardOf } from '../certificates/dns-name.ts';
import { readSubjectAltNames } from '../certificates/subject-alt-names.ts';
import type { CertificateSecret } from './material.ts';

interface Candidate {
  readonly secret: CertificateSecret;
  /** `rsa`, `ec`, … */
  readonly keyType: string | undefined;
  /** Lower case; `*.suffix` covers one label. */
  readonly names: readonly string[];
}

/**
 * Which certificates a server shows, by the name that it is asked for: those with that very name, then those
 * with a wildcard for it; else all, in their order. Of each type of key the first: between the types the
 * client's abilities choose.
 */
export class CertificateChoice<Context> {
  /** For clients that ask for nobody, or for a name that no certificate has. */
  readonly fallback: readonly CertificateSecret[];
  readonly #byName = new Map<string, Context | undefined>();

  /**
   * @param make makes what serves with certificates other than `fallback`; called once for each set
   * @throws Error of OpenSSL or RangeError for a certificate that can't be read
   */
  constructor(
    certificates: readonly CertificateSecret[],
    make: (shown: readonly CertificateSecret[]) => Context,
  ) {
    const candidates = certificates.map(candidateOf);
    this.fallback = firstOfEachType(candidates);
    const made: { readonly shown: readonly CertificateSecret[]; readonly context: Context | undefined }[] = [
      { shown: this.fallback, context: undefined },
    ];
    for (const name of new Set(candidates.flatMap(({ names }) => names))) {
      const having = (wanted: string): Candidate[] =>
        candidates.filter(({ names }) => names.includes(wanted));
      const shown = firstOfEachType([...having(name), ...having(wildcardOf(name))]);
      let known = made.find((other) => sameList(other.shown, shown));
      if (known === undefined) {
        known = { shown, context: make(shown) };
        made.push(known);
      }
      this.#byName.set(name, known.context);
    }
  }

  /** Undefined: serve with `fallback`. */
  for(name: string): Context | undefined {
    const asked = name.toLowerCase();
    return this.#byName.has(asked) ? this.#byName.get(asked) : this.#byName.get(wildcardOf(asked));
  }
}

function candidateOf(secret: CertificateSecret): Candidate {
  const certificate = new X509Certificate(secret.chainPem);
  const { dnsNames } = readSubjectAltNames(certificate.raw);
  const common: unknown = certificate.toLegacyObject().subject.CN;
  const names = dnsNames.length === 0 && typeof common === 'string' ? [common] : dnsNames;
  return {
    secret,
    keyType: certificate.publicKey.asymmetricKeyType,
    names: names.map((name) => name.toLowerCase()),
  };
}

function firstOfEachType(candidates: readonly Candidate[]): CertificateSecret[] {
  const byType = new Map<string | undefined, CertificateSecret>();
  for (const { keyType, secret } of candidates) if (!byType.has(keyType)) byType.set(keyType, secret);
  return [...byType.values()];
}

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((each, at) => each === b[at]);
