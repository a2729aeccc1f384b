import type { DynamicMetadata } from './dynamic-metadata.ts';
import type { Headers } from './headers.ts';

/** What routing looks at; a RequestHead is one. */
export interface RoutedRequest {
  readonly method: string;
  /** Path and query; empty for CONNECT. */
  readonly path: string;
  readonly authority: string;
  readonly scheme: string;
  readonly headers: Headers;
  /** What filters have learnt of it. */
  readonly metadata?: DynamicMetadata;
}

/** A field or pseudo-field of a request. Repeated fields are joined by a comma, as Envoy matches them. */
export function requestField(request: RoutedRequest, name: string): string | undefined {
  if (name.charCodeAt(0) !== 0x3a) {
    return request.headers.joined(name, ',') ?? (name === 'host' ? request.authority : undefined);
  }
  switch (name) {
    case ':method':
      return request.method;
    case ':authority':
      return request.authority;
    case ':path':
      return request.path;
    case ':scheme':
      return request.scheme;
    default:
      return undefined;
  }
}
