import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { PeerValidation } from '@tulle/decision/tables/tls';
import type { TimerWheel } from '../timers/wheel.ts';
import { leadsTo } from './certificate-chain.ts';
import { pemCertificates } from './pem.ts';
import { checkIdentity, identityOf } from './spiffe.ts';
import type { RootsSecret, SecretSource } from './tls-material.ts';

/** What a peer must be to be believed now; undefined: nobody says so any more, and it stays. */
export type Validation = () => PeerValidation | undefined;

interface Trusted {
  readonly certificate: Buffer;
  readonly validation: Validation;
  /** What it was found good under. */
  checked: PeerValidation;
  roots: RootsSecret;
}

/** Emitted by a socket whose peer is no longer believed: finish what is under way, and close. */
export const revoked = 'revoked';

/**
 * Established connections whose peers have shown a certificate. When trust changes, `review` finds those that
 * would not be admitted any more:
 *
 * ```
 *   Trusted ⇄ review → Revoked (the socket emits `revoked`) → closed by whoever serves it, or after `limitMs`
 * ```
 */
export class TrustedConnections {
  readonly #secrets: SecretSource;
  readonly #wheel: TimerWheel;
  readonly #limitMs: number;
  readonly #trusted = new Map<TLSSocket, Trusted>();
  /** Revoked by now, ever. */
  revoked = 0;

  constructor(secrets: SecretSource, wheel: TimerWheel, limitMs = 10_000) {
    this.#secrets = secrets;
    this.#wheel = wheel;
    this.#limitMs = limitMs;
  }

  get size(): number {
    return this.#trusted.size;
  }

  /** @param certificate DER, verified by the validation and roots of now */
  add(socket: TLSSocket, certificate: Buffer, validation: Validation): void {
    const checked = validation();
    if (checked?.acceptUntrusted) return;
    const roots = checked === undefined ? undefined : this.#roots(checked);
    if (checked === undefined || roots === undefined) return;
    this.#trusted.set(socket, { certificate, validation, checked, roots });
    socket.once('close', () => this.#trusted.delete(socket));
  }

  /** Trust may have changed: roots, or the names that are accepted. */
  review(): void {
    // Asked once per review: some secrets are files.
    const known = new Map<string, RootsSecret | undefined>();
    const rootsOf = (validation: PeerValidation): RootsSecret | undefined => {
      const { rootsSecret } = validation;
      if (!known.has(rootsSecret)) known.set(rootsSecret, this.#roots(validation));
      return known.get(rootsSecret);
    };
    for (const [socket, trusted] of this.#trusted)
      if (!this.#isGood(socket, trusted, rootsOf)) this.#revoke(socket);
  }

  #isGood(
    socket: TLSSocket,
    trusted: Trusted,
    rootsOf: (validation: PeerValidation) => RootsSecret | undefined,
  ): boolean {
    const validation = trusted.validation();
    const roots = validation === undefined ? undefined : rootsOf(validation);
    if (validation === undefined || roots === undefined) return true;
    if (roots !== trusted.roots) {
      if (!includesAll(roots, trusted.roots) && !isIssuedUnder(roots, socket, trusted.certificate))
        return false;
      trusted.roots = roots;
    }
    if (validation !== trusted.checked) {
      try {
        checkIdentity(identityOf(trusted.certificate), validation);
      } catch {
        return false;
      }
      trusted.checked = validation;
    }
    return true;
  }

  #roots({ rootsSecret }: PeerValidation): RootsSecret | undefined {
    const secret = this.#secrets.get(rootsSecret);
    return secret?.kind === 'roots' ? secret : undefined;
  }

  #revoke(socket: TLSSocket): void {
    this.#trusted.delete(socket);
    this.revoked++;
    const limit = this.#wheel.timer(() => socket.destroy());
    limit.start(this.#limitMs);
    socket.once('close', () => limit.stop());
    socket.emit(revoked);
  }
}

/** A bundle of roots, read once. */
interface Bundle {
  readonly byFingerprint: ReadonlyMap<string, X509Certificate>;
  /** Fingerprints of leaves that were found to lead to it: most connections are of few peers. */
  readonly leaves: Set<string>;
}

const bundles = new WeakMap<RootsSecret, Bundle>();

function bundleOf(roots: RootsSecret): Bundle {
  let known = bundles.get(roots);
  if (known === undefined) {
    const byFingerprint = new Map(pemCertificates(roots.pem).map((root) => [root.fingerprint256, root]));
    known = { byFingerprint, leaves: new Set() };
    bundles.set(roots, known);
  }
  return known;
}

function includesAll(roots: RootsSecret, before: RootsSecret): boolean {
  const now = bundleOf(roots).byFingerprint;
  return bundleOf(before)
    .byFingerprint.keys()
    .every((fingerprint) => now.has(fingerprint));
}

/**
 * Whether the peer's chain still leads to a root. A resumed connection has no chain but its leaf: that it
 * can't be shown to be good is enough to let it go.
 */
function isIssuedUnder(roots: RootsSecret, socket: TLSSocket, certificate: Buffer): boolean {
  const { byFingerprint, leaves } = bundleOf(roots);
  const leaf = socket.getPeerX509Certificate() ?? new X509Certificate(certificate);
  if (leaves.has(leaf.fingerprint256)) return true;
  const chain: X509Certificate[] = [];
  for (let next: X509Certificate | undefined = leaf; next !== undefined; next = next.issuerCertificate) {
    // A root is its own issuer.
    if (chain.at(-1)?.fingerprint256 === next.fingerprint256) break;
    chain.push(next);
  }
  if (!leadsTo(byFingerprint.values(), chain)) return false;
  leaves.add(leaf.fingerprint256);
  return true;
}
