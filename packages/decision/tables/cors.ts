import type { StringMatcher } from './string-matcher.ts';

/** Envoy's CorsPolicy: which pages of other origins may read what a route answers. */
export interface CorsRule {
  readonly allowsOrigin: StringMatcher;
  /** Lists as they are sent, separated by commas; `*`: what the preflight asks for; empty: not sent. */
  readonly methods: string;
  readonly headers: string;
  readonly exposed: string;
  /** Seconds, as they are sent. */
  readonly maxAge: string;
  readonly credentials: boolean;
  readonly privateNetwork: boolean;
  /** Preflights of other origins go to the service, instead of an answer that allows nothing. */
  readonly forwardsUnmatched: boolean;
  /** Of the requests, in millionths. */
  readonly fraction: number;
}
