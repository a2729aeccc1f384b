import { readFileSync, statSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';

const roots = 'file-root:';
const certificate = 'file-cert:';
const revoked = 'file-crl:';

/**
 * Whether a secret is in files of this machine, by the names that Istio's agent knows: `file-root:PATH`,
 * `file-root:system` (the roots that the platform trusts), `file-cert:CERTIFICATE~KEY`; and `file-crl:PATH`.
 */
export const isFileSecret = (name: string): boolean =>
  [roots, certificate, revoked].some((prefix) => name.startsWith(prefix));

/** The name of a secret that is a list of revoked certificates. */
export const fileCrl = (path: string): string => `${revoked}${path}`;

/** Secrets in files; one that changes is read again. TLS compares them by identity. */
export class FileSecrets {
  readonly #read = new Map<string, { readonly changed: string; readonly secret: SecretTable }>();

  /** Undefined while a file is not there or cannot be read. */
  get(name: string): SecretTable | undefined {
    const paths = pathsOf(name);
    try {
      const changed = paths.map((path) => statSync(path).mtimeMs).join();
      const known = this.#read.get(name);
      if (known?.changed === changed) return known.secret;
      const secret = readSecret(name, paths);
      this.#read.set(name, { changed, secret });
      return secret;
    } catch {
      return undefined;
    }
  }
}

function pathsOf(name: string): readonly string[] {
  if (name.startsWith(certificate)) return name.slice(certificate.length).split('~', 2);
  if (name.startsWith(revoked)) return [name.slice(revoked.length)];
  const path = name.slice(roots.length);
  return path === 'system' ? [] : [path];
}

function readSecret(name: string, paths: readonly string[]): SecretTable {
  const [first = systemRoots(), keyPem] = paths.map((path) => readFileSync(path, 'utf8'));
  if (name.startsWith(revoked)) return { kind: 'crl', pem: first };
  return name.startsWith(roots)
    ? { kind: 'roots', pem: first }
    : { kind: 'certificate', chainPem: first, keyPem: keyPem ?? '' };
}

/** A machine may have none, as small containers do: then those that Node brings. */
function systemRoots(): string {
  const system = getCACertificates('system');
  return (system.length > 0 ? system : getCACertificates('bundled')).join('\n');
}
