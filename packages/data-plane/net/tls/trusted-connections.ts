import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { PeerValidation } from '@tulle/decision/tables/tls';
import { isFileSecret } from '../../file-secrets.ts';
import type { Timer, TimerWheel } from '../../timers/wheel.ts';
import { leadsTo } from '../certificates/chain.ts';
import { pemCertificates } from '../certificates/pem.ts';
import { isRevoked, type Revocations, readRevocations } from '../certificates/revocation-list.ts';
import { checkIdentity, identityOf } from '../certificates/spiffe.ts';
import { type CrlSecret, type RootsSecret, revocationsOf, type SecretSource } from './material.ts';

/** What a peer must be to be believed now; undefined: nobody says so any more, and it stays. */
export type Validation = () => PeerValidation | undefined;

interface Trusted {
  readonly certificate: Buffer;
  readonly validation: Validation;
  /** What it was found good under. */
  checked: PeerValidation;
  trust: Known;
}

/** Trust with roots. */
type Known = readonly [roots: RootsSecret, crl?: CrlSecret];

/** How often files of trust are looked at, while connections depend on them. */
const fileLookMs = 1_000;

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
  /** What was last found in files: nobody tells when they change. */
  readonly #files = new Map<string, SecretTable | undefined>();
  readonly #look: Timer;
  /** Revoked by now, ever. */
  revoked = 0;

  constructor(secrets: SecretSource, wheel: TimerWheel, limitMs = 10_000) {
    this.#secrets = secrets;
    this.#wheel = wheel;
    this.#limitMs = limitMs;
    this.#look = wheel.timer(() => this.#lookAtFiles());
  }

  get size(): number {
    return this.#trusted.size;
  }

  /** @param certificate DER, verified by the validation and roots of now */
  add(socket: TLSSocket, certificate: Buffer, validation: Validation): void {
    const checked = validation();
    if (checked?.acceptUntrusted) return;
    const trust = checked === undefined ? undefined : this.#trust(checked);
    if (checked === undefined || trust === undefined) return;
    this.#trusted.set(socket, { certificate, validation, checked, trust });
    socket.once('close', () => this.#trusted.delete(socket));
    this.#watch(checked.rootsSecret);
    if (checked.crlSecret !== undefined) this.#watch(checked.crlSecret);
  }

  #watch(name: string): void {
    if (!isFileSecret(name) || this.#files.has(name)) return;
    this.#files.set(name, this.#secrets.get(name));
    if (!this.#look.armed) this.#look.start(fileLookMs);
  }

  #lookAtFiles(): void {
    if (this.#trusted.size === 0) {
      this.#files.clear();
      return;
    }
    let hasChanged = false;
    for (const [name, before] of this.#files) {
      const secret = this.#secrets.get(name);
      if (secret === before) continue;
      this.#files.set(name, secret);
      hasChanged = true;
    }
    if (hasChanged) this.review();
    this.#look.start(fileLookMs);
  }

  /** Trust may have changed: roots, lists of what was revoked, or the names that are accepted. */
  review(): void {
    // Asked once per review: some secrets are files.
    const known = new Map<string, Known | undefined>();
    const trustOf = (validation: PeerValidation): Known | undefined => {
      const key = `${validation.rootsSecret}\0${validation.crlSecret ?? ''}`;
      if (!known.has(key)) known.set(key, this.#trust(validation));
      return known.get(key);
    };
    for (const [socket, trusted] of this.#trusted)
      if (!this.#isGood(socket, trusted, trustOf)) this.#revoke(socket);
  }

  #isGood(
    socket: TLSSocket,
    trusted: Trusted,
    trustOf: (validation: PeerValidation) => Known | undefined,
  ): boolean {
    const validation = trusted.validation();
    const trust = validation === undefined ? undefined : trustOf(validation);
    if (validation === undefined || trust === undefined) return true;
    const [roots, crl] = trust;
    const [rootsBefore, crlBefore] = trusted.trust;
    if (roots !== rootsBefore || crl !== crlBefore) {
      const kept = includesAll(roots, rootsBefore);
      const revocations = listed(trust);
      if (!kept || revocations.size > 0) {
        const chain = chainOf(socket, trusted.certificate);
        if (!kept && !isIssuedUnder(roots, chain)) return false;
        if (chain.some(({ raw }) => isRevoked(raw, revocations))) return false;
      }
      trusted.trust = trust;
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

  /** Undefined: the secrets are not there (yet), and so say nothing of anybody. */
  #trust({ rootsSecret, crlSecret }: PeerValidation): Known | undefined {
    const roots = this.#secrets.get(rootsSecret);
    if (roots?.kind !== 'roots') return undefined;
    if (crlSecret === undefined) return [roots];
    const crl = this.#secrets.get(crlSecret);
    return crl?.kind === 'crl' ? [roots, crl] : undefined;
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

/** The peer's certificate and those that it came with. A resumed connection has its leaf alone. */
function chainOf(socket: TLSSocket, certificate: Buffer): [X509Certificate, ...X509Certificate[]] {
  const leaf = socket.getPeerX509Certificate() ?? new X509Certificate(certificate);
  const chain: [X509Certificate, ...X509Certificate[]] = [leaf];
  for (let next = leaf.issuerCertificate; next !== undefined; next = next.issuerCertificate) {
    // A root is its own issuer.
    if (chain.at(-1)?.fingerprint256 === next.fingerprint256) break;
    chain.push(next);
  }
  return chain;
}

/** Whether a chain still leads to a root. That one without its issuers can't be shown to is enough to let it go. */
function isIssuedUnder(roots: RootsSecret, chain: [X509Certificate, ...X509Certificate[]]): boolean {
  const { byFingerprint, leaves } = bundleOf(roots);
  const [leaf] = chain;
  if (leaves.has(leaf.fingerprint256)) return true;
  if (!leadsTo(byFingerprint.values(), chain)) return false;
  leaves.add(leaf.fingerprint256);
  return true;
}

const nobody: Revocations = new Map();
const lists = new WeakMap<Known, Revocations>();

/** Lists that can't be read say nothing of those who are here; nobody new is believed under them. */
function listed(trust: Known): Revocations {
  let known = lists.get(trust);
  if (known === undefined) {
    try {
      known = readRevocations(revocationsOf(trust));
    } catch {
      known = nobody;
    }
    lists.set(trust, known);
  }
  return known;
}
