/** How many bytes of bodies (or of a TCP connection) may pass in a second. */
export interface BandwidthLimit {
  /** What has the same name and rate shares its budget. */
  readonly name: string;
  /** Of requests, towards the application or service; undefined: any number. */
  readonly requestBytesPerSecond?: number;
  readonly responseBytesPerSecond?: number;
  /** What has a budget of its own: the proxy, each connection, or each client (its SPIFFE ID, else its address). */
  readonly scope: 'proxy' | 'connection' | 'source';
}
