import type { Origin } from '@tulle/xds/resource';

/** From the worst to the mildest: traffic is lost; not what was meant, most likely; good to know. */
export const levels = ['Error', 'Warning', 'Info'] as const;
export type Level = (typeof levels)[number];

/** What one code says, whatever resource it is about. The reference (`docs/reference/analysis.md`) is made of these. */
export interface Message {
  /** Istio's where `istioctl analyze` finds the same (`IST0101`), else `TUL` and four digits. Stable. */
  readonly code: string;
  /** One word. */
  readonly name: string;
  readonly level: Level;
  /** What was found, in general. */
  readonly about: string;
  readonly consequence: string;
  readonly remedy: string;
}

/** One thing found in one place. */
export interface Finding {
  readonly message: Message;
  /** The resource, and the field of it where it shows. */
  readonly origin: Origin;
  /** What was found here: one line, without the place. */
  readonly detail: string;
}

export type Report = (message: Message, origin: Origin, detail: string) => void;
