import { hash } from 'node:crypto';

/** 64 bits of SHA-256, hex: the version of an xDS resource. */
export function contentHash(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 16);
}
