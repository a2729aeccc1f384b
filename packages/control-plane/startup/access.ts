import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readIfPresent, writePrivateFile } from '../identity/key-file.ts';

/** The API's bearer token: that of the last start, else a new one. Kept 0600 in `api-token`. */
export function openApiToken(stateDir: string): string {
  const path = join(stateDir, 'api-token');
  const known = readIfPresent(path)?.trim();
  if (known !== undefined && known.length >= 32) return known;
  const token = randomBytes(32).toString('base64url');
  writePrivateFile(path, `${token}\n`);
  return token;
}

/**
 * Writes `kubeconfig` (0600) for kubectl and whatever else speaks to Kubernetes. JSON, which is YAML. By
 * HTTPS: client-go sends a token over nothing else.
 */
export function writeKubeconfig(
  stateDir: string,
  access: {
    readonly mesh: string;
    readonly url: string;
    readonly token: string;
    /** The API's certificate, PEM: the one to trust. */
    readonly certPem: string;
  },
): void {
  const { mesh, url, token, certPem } = access;
  const name = `tulle-${mesh}`;
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: url.replace(/^http:/, 'https:'),
          'certificate-authority-data': Buffer.from(certPem).toString('base64'),
        },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
  writePrivateFile(join(stateDir, 'kubeconfig'), `${JSON.stringify(kubeconfig, null, 2)}\n`);
}
