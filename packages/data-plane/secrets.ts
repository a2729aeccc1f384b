import type { SecretTable } from '@tulle/decision/tables/secret';
import type { Tables } from '@tulle/decision/tables/tables';
import { FileSecrets, isFileSecret } from './file-secrets.ts';
import { ownSecret, type SecretSource } from './net/tls/material.ts';

/** What of a proxy's identity its TLS needs. */
export interface IdentityMaterial {
  readonly keyPem: string;
  readonly chainPem: string;
  readonly rootsPem: string;
}

/**
 * Secrets by name: `default` is the proxy's own SVID, made here and never sent by anyone; `ROOTCA` is what
 * the control plane says, or before that the roots that came with the SVID; those in files are read here; others are of
 * the tables.
 */
export class ProxySecrets implements SecretSource {
  #own: SecretTable | undefined = undefined;
  #ownRoots: SecretTable | undefined = undefined;
  #tables: Tables['secrets'] = new Map();
  readonly #files = new FileSecrets();

  /** TLS compares secrets by identity: each call makes new ones. */
  setIdentity(material: IdentityMaterial): void {
    this.#own = { kind: 'certificate', chainPem: material.chainPem, keyPem: material.keyPem };
    if (this.#ownRoots?.kind !== 'roots' || this.#ownRoots.pem !== material.rootsPem) {
      this.#ownRoots = { kind: 'roots', pem: material.rootsPem };
    }
  }

  setTables(secrets: Tables['secrets']): void {
    this.#tables = secrets;
  }

  get(name: string): SecretTable | undefined {
    if (name === ownSecret) return this.#own;
    if (isFileSecret(name)) return this.#files.get(name);
    return this.#tables.get(name) ?? (name === 'ROOTCA' ? this.#ownRoots : undefined);
  }
}
