import { Backoff } from '@tulle/xds/client/backoff';
import type { CallCertificateService } from '@tulle/xds/client/certificates';
import { alarm, type Clock } from '@tulle/xds/clock';
import { parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import type { Bootstrap } from '../bootstrap.ts';
import { PinError } from './pinned-root.ts';
import { isRefusal } from './refusal.ts';
import { enrol, ownUri, renew } from './request-svid.ts';
import { assembleSvid, certificates, pinOf, type Svid, SvidError } from './svid.ts';
import { readStoredSvid, storeSvid } from './svid-file.ts';

/** Ceilings of the waits between attempts. */
const firstRetryMs = 200;
const longestRetryMs = 60_000;
/** Renewal comes at half life, moved by up to this share of the life so that proxies don't come together. */
const jitterShare = 0.05;

export interface IdentityOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly callCertificateService: CallCertificateService;
  /** Told of each attempt that failed; another follows. */
  readonly onFailure?: (error: unknown) => void;
}

/** The proxy's SVID, kept fresh. */
export interface ProxyIdentity {
  readonly uri: string;
  current(): Svid;
  /** Called with each new SVID. Returns what ends that. */
  onRotate(listener: (svid: Svid) => void): () => void;
  close(): void;
}

/**
 * Resolves as soon as the proxy has an SVID: the stored one if it still is good, so that a proxy starts
 * while the control plane is down; else by enrolment, tried until it succeeds or is refused. `signal` ends
 * the wait.
 * @throws PinError, SvidError or the service's refusal: what trying again would not change
 */
export async function startIdentity(options: IdentityOptions, signal?: AbortSignal): Promise<ProxyIdentity> {
  const { bootstrap, clock, random } = options;
  const uri = ownUri(bootstrap);
  const context = { bootstrap, now: () => clock.now(), call: options.callCertificateService };
  const backoff = new Backoff(random, firstRetryMs, longestRetryMs);
  const listeners = new Set<(svid: Svid) => void>();
  let timer: { cancel(): void } | undefined;
  let closed = false;

  let current = readIdentity(bootstrap, clock.now()) ?? (await enrolUntilDone());
  schedule(current);

  async function enrolUntilDone(): Promise<Svid> {
    for (;;) {
      try {
        const svid = await enrol(context);
        storeSvid(bootstrap.stateDir, svid);
        return svid;
      } catch (error) {
        if (error instanceof PinError || error instanceof SvidError || isRefusal(error)) throw error;
        options.onFailure?.(error);
        await pause(clock, backoff.next(), signal);
      }
    }
  }

  function schedule(svid: Svid): void {
    backoff.reset();
    const life = svid.notAfter - svid.notBefore;
    const at = svid.notBefore + life / 2 + life * jitterShare * (random() * 2 - 1);
    if (!closed) timer = alarm(clock, at, () => void rotate());
  }

  async function rotate(): Promise<void> {
    try {
      const svid = await renew(context, current);
      if (closed) return;
      storeSvid(bootstrap.stateDir, svid);
      current = svid;
      schedule(svid);
      for (const listener of listeners) listener(svid);
    } catch (error) {
      // Even a refusal is tried again: the old SVID may serve for hours, and the mesh may change its mind.
      options.onFailure?.(error);
      if (!closed) timer = clock.after(backoff.next(), () => void rotate());
    }
  }

  return {
    uri,
    current: () => current,
    onRotate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

/** The stored SVID, if it is whole, still valid, this proxy's, and of the CA that a given token pins. */
export function readIdentity(bootstrap: Bootstrap, now: number): Svid | undefined {
  const stored = readStoredSvid(bootstrap.stateDir);
  if (stored === undefined) return undefined;
  try {
    const svid = assembleSvid(stored, { uri: ownUri(bootstrap), now });
    const pin = parseEnrolmentToken(bootstrap.enrolmentToken ?? '')?.rootPin;
    const known = pin === undefined || certificates(svid.rootsPem).some((root) => pinOf(root) === pin);
    return known ? svid : undefined;
  } catch {
    return undefined;
  }
}

function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
