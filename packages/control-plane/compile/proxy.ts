import type { ProxyMetadata, ProxyRole } from '@tulle/xds/node';

/** A proxy as compile sees it: its Node message, as far as its certificate confirms it. */
export interface ProxyDescription {
  /** The Node's id. */
  readonly id: string;
  readonly role: ProxyRole;
  readonly metadata: ProxyMetadata;
  /** SPIFFE ID of its certificate. */
  readonly identity: string;
}

export type Engine = ProxyMetadata['TULLE_ENGINE'];
