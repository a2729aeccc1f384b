/** What can be wrong with the bytes of a peer: code ⇒ status of the answer and what to say of it. */
const http1Problems = {
  'bad-method': { status: 400, message: 'the method is not a token' },
  'bad-target': { status: 400, message: 'the request target is malformed' },
  'bad-version': { status: 400, message: 'the protocol version is not HTTP/1.0 or HTTP/1.1' },
  'bad-start-line': { status: 400, message: 'the start line is malformed' },
  'bad-status': { status: 502, message: 'the status code is not three digits from 100 to 999' },
  'bad-line-end': { status: 400, message: 'a line does not end in CR LF' },
  'bad-field-name': { status: 400, message: 'a field name is not a token directly followed by a colon' },
  'bad-field-value': { status: 400, message: 'a field value holds a control character' },
  'obs-fold': { status: 400, message: 'a field is folded over lines' },
  'no-host': { status: 400, message: 'the Host field is missing' },
  'many-hosts': { status: 400, message: 'there is more than one Host field' },
  'bad-host': { status: 400, message: 'the Host field is malformed' },
  'bad-content-length': { status: 400, message: 'Content-Length is not one plain number' },
  'many-content-lengths': { status: 400, message: 'there is more than one Content-Length field' },
  'length-and-encoding': { status: 400, message: 'Content-Length and Transfer-Encoding are both there' },
  'bad-transfer-encoding': { status: 400, message: 'Transfer-Encoding is not exactly chunked' },
  'unknown-transfer-coding': { status: 501, message: 'the transfer coding is not supported' },
  'encoding-in-1.0': { status: 400, message: 'Transfer-Encoding in an HTTP/1.0 message' },
  'bad-chunk-size': { status: 400, message: 'a chunk size is malformed or too large' },
  'bad-chunk-extension': { status: 400, message: 'a chunk extension is malformed' },
  'bad-chunk-end': { status: 400, message: 'chunk data does not end in CR LF' },
  'bad-trailer': { status: 400, message: 'a trailer field may not be in a trailer' },
  'head-too-large': { status: 431, message: 'the head is too large' },
  'too-many-fields': { status: 431, message: 'the head has too many fields' },
  'extensions-too-large': { status: 400, message: 'chunk extensions are too large' },
  'head-timeout': { status: 408, message: 'the head did not arrive in time' },
  'unexpected-switch': { status: 502, message: 'the server switched protocols unasked' },
  'bad-websocket-accept': { status: 502, message: 'the server accepted a WebSocket that was not asked for' },
  'unasked-answer': { status: 502, message: 'the server answered before it was asked' },
  'too-many-informational': { status: 502, message: 'too many informational responses' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type Http1Problem = keyof typeof http1Problems;

/** The peer broke the protocol or a limit; the connection can't be used any longer. */
export class Http1Error extends Error {
  readonly code: Http1Problem;

  constructor(code: Http1Problem) {
    super(http1Problems[code].message);
    this.code = code;
  }

  /** Status of the answer, where one can still be given. */
  get status(): number {
    return http1Problems[this.code].status;
  }
}
