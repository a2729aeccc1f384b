import type { TokenBucketSettings } from '@tulle/decision/tables/rate-limit';
import type { Update } from '@tulle/xds/client/ads-client';
import type { RawResources } from '../config/last-good.ts';
import type { SocketRequest } from '../net/socket-source.ts';
import type { WorkerStatistics } from './statistics.ts';

/** `<generation>.<slot>`: a generation is one hot restart, slot 0 leads it. */
export type WorkerId = `${number}.${number}`;

/** Of the worker that takes a slot in a generation; its successor after a hot restart has the same slot in the next. */
export function workerId(generation: number, slot: number): WorkerId {
  return `${generation}.${slot}`;
}

export const generationOf = (id: WorkerId): number => Number(id.split('.')[0]);
export const slotOf = (id: WorkerId): number => Number(id.split('.')[1]);
export const leads = (id: WorkerId): boolean => slotOf(id) === 0;

export function isWorkerId(text: string): text is WorkerId {
  return /^\d+\.\d+$/.test(text);
}

/** What a worker says to its parent. */
export type ToParent =
  | ({ readonly kind: 'bind'; readonly request: number } & SocketRequest)
  /** It listens there no more. */
  | { readonly kind: 'release'; readonly key: string }
  /** Identity, configuration and listeners are there. */
  | { readonly kind: 'serving' }
  /** The SVID has expired: another enrolment token is needed. */
  | { readonly kind: 'token?' }
  /** At least one permit of a budget is needed now; answered by `granted`, with 0 when nobody has one to spare. */
  | { readonly kind: 'ask'; readonly budget: string; readonly limit: number; readonly count: number }
  /** One permit, whenever there is one. */
  | { readonly kind: 'want'; readonly budget: string; readonly limit: number }
  /** Permits go back; `answer`: to a `recall`, with 0 when none could be spared. */
  | { readonly kind: 'give'; readonly budget: string; readonly count: number; readonly answer: boolean }
  /** Permits in use under a limit that was none before. */
  | { readonly kind: 'hold'; readonly budget: string; readonly limit: number; readonly count: number }
  /** Up to `count` tokens of a rate limit's bucket, for requests that wait; answered by `drawn`, with 0 when it is empty. */
  | {
      readonly kind: 'draw';
      readonly bucket: string;
      readonly settings: TokenBucketSettings;
      readonly count: number;
    }
  /** Drawn and not used. */
  | { readonly kind: 'refund'; readonly bucket: string; readonly count: number }
  | { readonly kind: 'tell'; readonly to: WorkerId | 'others'; readonly message: PeerMessage };

/** What the parent says to a worker. */
export type ToWorker =
  /** The socket comes along, unless there is an error. */
  | { readonly kind: 'bound'; readonly request: number; readonly error?: SocketError }
  | { readonly kind: 'token'; readonly token: EnrolmentTokenAnswer }
  | { readonly kind: 'granted'; readonly budget: string; readonly count: number; readonly wanted: boolean }
  /** Others need permits: spare ones now; `standing`: those in use too, as they are released. */
  | {
      readonly kind: 'recall';
      readonly budget: string;
      readonly count: number;
      readonly standing: boolean;
    }
  /** Tokens; what the bucket has left, and in how long it has one again. */
  | {
      readonly kind: 'drawn';
      readonly bucket: string;
      readonly count: number;
      readonly left: number;
      readonly waitMs: number;
    }
  | { readonly kind: 'told'; readonly from: WorkerId; readonly message: PeerMessage }
  /** All workers there are now, the receiver too. */
  | { readonly kind: 'workers'; readonly ids: readonly WorkerId[] }
  /** A successor starts: the control plane is its from here on. */
  | { readonly kind: 'succeeded' }
  /** It has failed: go on as before. */
  | { readonly kind: 'resume' }
  /** It serves: finish what is open, then end. */
  | { readonly kind: 'retire' };

/** The text of a token, or why there is none. */
export type EnrolmentTokenAnswer = { readonly text: string } | { readonly reason: string };

export interface SocketError {
  /** `EADDRINUSE` … */
  readonly code: string;
  readonly message: string;
}

/** What workers say to each other. */
export type PeerMessage =
  /** Follower to lead: tell me what there is. */
  | { readonly kind: 'join' }
  /** Lead to followers: all that is accepted. */
  | { readonly kind: 'configuration'; readonly resources: RawResources }
  /** To one who has it already: what is the newest? */
  | { readonly kind: 'newest?' }
  | { readonly kind: 'newest'; readonly resources: RawResources }
  | { readonly kind: 'update'; readonly update: Update }
  /** What is referenced and has not come counts as missing. */
  | { readonly kind: 'stop-waiting' }
  /** A new SVID is in the state directory; the key itself is never sent. */
  | { readonly kind: 'identity' }
  /** How an attempt ended, for those who count failures in a row: a status; `local`: without an answer, counted apart. */
  | {
      readonly kind: 'outcome';
      readonly cluster: string;
      readonly endpoint: string;
      readonly status: number;
      readonly local: boolean;
    }
  | { readonly kind: 'ejected'; readonly cluster: string; readonly endpoint: string }
  | { readonly kind: 'readmitted'; readonly cluster: string; readonly endpoint: string }
  /** The lead's active check of an endpoint has said whether it fails. */
  | {
      readonly kind: 'checked';
      readonly cluster: string;
      readonly endpoint: string;
      readonly failing: boolean;
    }
  /** To the lead: what do you know of a cluster's endpoints? */
  | { readonly kind: 'checked?'; readonly cluster: string }
  | { readonly kind: 'statistics?'; readonly request: number }
  | { readonly kind: 'statistics'; readonly request: number; readonly statistics: WorkerStatistics }
  /** Asked of the lead's admin endpoint, meant for all. */
  | { readonly kind: 'drain'; readonly graceful: boolean }
  | { readonly kind: 'quit' };
