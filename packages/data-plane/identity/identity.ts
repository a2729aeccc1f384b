import { Backoff } from '@tulle/xds/client/backoff';
import type { CallCertificateService } from '@tulle/xds/client/certificates';
import { alarm, type Clock } from '@tulle/xds/clock';
import { parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import type { Bootstrap } from '../bootstrap.ts';
import { PinError } from './pinned-root.ts';
import { isRefusal } from './refusal.ts';
import { enrol, newRequest, ownUri, renew } from './request-svid.ts';
import { assembleSvid, certificates, pinOf, type Svid, SvidError } from './svid.ts';
import { readStoredSvid, storeSvid } from './svid-file.ts';

/** Ceilings of the waits between attempts. */
const firstRetryMs = 200;
const longestRetryMs = 60_000;
/** Renewal comes at half life, moved by up to this share of the life so that proxies don't come together. */
const jitterShare = 0.05;
/** A renewed SVID serves for at least this share of what is left of it. */
const leastShare = 0.3;

export interface IdentityOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly callCertificateService: CallCertificateService;
  /**
   * Another enrolment token, from whoever started the proxy: an SVID that has expired proves nothing any more.
   * @throws why there is none
   */
  readonly newToken?: () => Promise<string>;
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
  let storing: { cancel(): void } | undefined;
  let closed = false;

  let current = readIdentity(bootstrap, clock.now()) ?? (await enrolUntilDone());
  schedule(current, 0);

  async function enrolUntilDone(): Promise<Svid> {
    const request = newRequest(bootstrap);
    for (;;) {
      try {
        const svid = await enrol(context, bootstrap.enrolmentToken, request);
        keep(svid);
        return svid;
      } catch (error) {
        if (error instanceof PinError || error instanceof SvidError || isRefusal(error)) throw error;
        options.onFailure?.(error);
        await pause(clock, backoff.next(), signal);
      }
    }
  }

  /** Where the disk is full the SVID serves all the same; it is stored, and told of again, once there is room. */
  function keep(svid: Svid): void {
    storing?.cancel();
    storing = undefined;
    try {
      storeSvid(bootstrap.stateDir, svid);
    } catch (error) {
      options.onFailure?.(error);
      storing = clock.after(longestRetryMs, () => {
        keep(svid);
        if (storing === undefined) for (const listener of listeners) listener(svid);
      });
    }
  }

  /** @param earliest milliseconds since the epoch: half of a new SVID's life may be over by a clock that is ahead */
  function schedule(svid: Svid, earliest: number): void {
    backoff.reset();
    const life = svid.notAfter - svid.notBefore;
    const at = svid.notBefore + life / 2 + life * jitterShare * (random() * 2 - 1);
    if (!closed) timer = alarm(clock, Math.max(at, earliest), () => void rotate());
  }

  async function rotate(): Promise<void> {
    try {
      const svid = await (current.notAfter > clock.now() ? renew(context, current) : enrolAgain());
      if (closed) return;
      current = svid;
      keep(svid);
      schedule(svid, clock.now() + (svid.notAfter - clock.now()) * leastShare);
      for (const listener of listeners) listener(svid);
    } catch (error) {
      // Even a refusal is tried again: the old SVID may serve for hours, and the mesh may change its mind.
      options.onFailure?.(error);
      if (!closed) timer = clock.after(backoff.next(), () => void rotate());
    }
  }

  /** The machine slept, or the process stood still, until the SVID was over; or the mesh was away for so long. */
  async function enrolAgain(): Promise<Svid> {
    const { newToken = noToken } = options;
    const token = await newToken().catch((error: unknown) => {
      const ended = new Date(current.notAfter).toISOString();
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the certificate has expired (${ended}), and there is no token for another: ${reason}`);
    });
    return enrol(context, token);
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
      storing?.cancel();
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

const noToken = (): Promise<string> => Promise.reject(new Error('start the proxy again, with a new one'));

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
