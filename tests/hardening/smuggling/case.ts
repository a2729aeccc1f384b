/** One attempt to make two readers of the same bytes disagree; `requests.ts` and its neighbours hold them. */
export interface SmugglingCase {
  /** Unique; names the case in docs. */
  readonly name: string;
  readonly group: string;
  /** Where it was seen or described: a CVE, an article, an RFC's section. */
  readonly source: string;
}

/** A client that sends odd bytes over HTTP/1.1. */
export interface RequestCase extends SmugglingCase {
  readonly bytes: string;
  /** Whole requests that reach the backend, byte for byte (without the fields that the proxy adds). */
  readonly upstream: readonly string[];
  /** Then the client is answered this status and the connection closes. */
  readonly refused?: number;
  /** Then the proxy waits for more of a request, of which this has reached the backend. */
  readonly waits?: string;
  /** The connection closes after the answers. */
  readonly closes?: true;
}

/** A backend that answers `GET /first` (or `request`) with odd bytes. */
export interface ResponseCase extends SmugglingCase {
  readonly request?: string;
  readonly response: string;
  /** What the backend says when the client has had its answer. */
  readonly late?: string;
  /** The backend ends the connection after that. */
  readonly ends?: true;
  /** What the client hears, each `STATUS body`; for the proxy's own answers the status alone. */
  readonly client: readonly string[];
  /** The client's connection is cut in the middle of the answer, so that it can't take it for whole. */
  readonly cut?: true;
  /** The connection to the backend is used again. */
  readonly reused: boolean;
}

/** A client that sends an odd message over HTTP/2 to a backend of HTTP/1.1. */
export interface FrameCase extends SmugglingCase {
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** DATA, each a frame; the last ends the stream unless there are trailers. Without any, the head ends it. */
  readonly data?: readonly string[];
  readonly trailers?: readonly (readonly [name: string, value: string])[];
  /** What reaches the backend as a whole. */
  readonly upstream: readonly string[];
  /** Else: RST_STREAM with this code (RFC 9113 section 7), or this status. */
  readonly reset?: number;
  readonly status?: number;
}

/** A backend of HTTP/2 that answers `GET /first` of a client of HTTP/1.1 with an odd message. */
export interface FrameAnswerCase extends SmugglingCase {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly data?: string;
  /** What the client hears, `STATUS body`, of our own answers the status alone; or `cut` in the middle of it. */
  readonly client: string;
}
