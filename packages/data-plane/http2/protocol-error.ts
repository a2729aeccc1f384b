/** RFC 9113 section 7. */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  SettingsTimeout: 4,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
  InadequateSecurity: 12,
  Http11Required: 13,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** What can be wrong with the bytes of a peer: code ⇒ error code on the wire and what to say of it. */
export const http2Problems = {
  'bad-preface': { error: ErrorCode.ProtocolError, message: 'the connection preface is malformed' },
  'preface-timeout': { error: ErrorCode.ProtocolError, message: 'the preface did not arrive in time' },
  'no-settings': { error: ErrorCode.ProtocolError, message: 'the first frame is not SETTINGS' },
  'frame-too-large': { error: ErrorCode.FrameSizeError, message: 'a frame is larger than we allow' },
  'bad-frame-size': { error: ErrorCode.FrameSizeError, message: 'a frame has the wrong length' },
  'bad-padding': { error: ErrorCode.ProtocolError, message: 'a frame has more padding than payload' },
  'bad-stream-id': { error: ErrorCode.ProtocolError, message: 'a frame may not be on this stream' },
  'idle-stream': { error: ErrorCode.ProtocolError, message: 'a frame on a stream that was never opened' },
  'stream-closed': { error: ErrorCode.StreamClosed, message: 'a frame on a stream that is closed' },
  'self-dependency': { error: ErrorCode.ProtocolError, message: 'a stream depends on itself' },
  'push-promise': { error: ErrorCode.ProtocolError, message: 'pushed streams are not allowed' },
  'bad-setting': { error: ErrorCode.ProtocolError, message: 'a setting has an invalid value' },
  'bad-window-setting': { error: ErrorCode.FlowControlError, message: 'the initial window is too large' },
  'zero-increment': { error: ErrorCode.ProtocolError, message: 'a window update of zero' },
  'window-overflow': { error: ErrorCode.FlowControlError, message: 'a window grew beyond 2^31-1' },
  'window-exceeded': { error: ErrorCode.FlowControlError, message: 'more data than the window allows' },
  'block-interrupted': { error: ErrorCode.ProtocolError, message: 'a header block is not continued' },
  'unexpected-continuation': { error: ErrorCode.ProtocolError, message: 'CONTINUATION without a block' },
  'block-too-large': { error: ErrorCode.EnhanceYourCalm, message: 'a header block is too large' },
  'block-timeout': { error: ErrorCode.EnhanceYourCalm, message: 'a header block did not end in time' },
  'bad-header-block': { error: ErrorCode.CompressionError, message: 'a header block can not be decoded' },
  'too-many-resets': { error: ErrorCode.EnhanceYourCalm, message: 'too many streams reset or refused' },
  'too-many-frames': { error: ErrorCode.EnhanceYourCalm, message: 'too many frames that do no work' },
  'not-reading': { error: ErrorCode.EnhanceYourCalm, message: 'our frames are not being read' },
  'no-pong': { error: ErrorCode.NoError, message: 'a PING was not answered in time' },
  'send-stalled': { error: ErrorCode.Cancel, message: 'the peer granted no window in time' },
  'too-many-streams': { error: ErrorCode.RefusedStream, message: 'too many concurrent streams' },
  'list-too-large': { error: ErrorCode.EnhanceYourCalm, message: 'the header list is too large' },
  'bad-field-name': { error: ErrorCode.ProtocolError, message: 'a field name is not a lower-case token' },
  'bad-field-value': { error: ErrorCode.ProtocolError, message: 'a field value holds a forbidden character' },
  'connection-field': { error: ErrorCode.ProtocolError, message: 'a field that belongs to HTTP/1' },
  'bad-pseudo-field': {
    error: ErrorCode.ProtocolError,
    message: 'a pseudo field is unknown, repeated or misplaced',
  },
  'missing-pseudo-field': { error: ErrorCode.ProtocolError, message: 'a pseudo field is missing' },
  'bad-method': { error: ErrorCode.ProtocolError, message: 'the method is not a token' },
  'bad-path': { error: ErrorCode.ProtocolError, message: 'the path is malformed' },
  'bad-scheme': { error: ErrorCode.ProtocolError, message: 'the scheme is neither http nor https' },
  'bad-authority': { error: ErrorCode.ProtocolError, message: 'the authority is malformed' },
  'host-mismatch': { error: ErrorCode.ProtocolError, message: 'Host differs from the authority' },
  'bad-status': { error: ErrorCode.ProtocolError, message: 'the status is not three digits from 100 to 999' },
  'bad-content-length': { error: ErrorCode.ProtocolError, message: 'Content-Length is not one plain number' },
  'length-mismatch': { error: ErrorCode.ProtocolError, message: 'the body is not as long as declared' },
  'bad-trailer': { error: ErrorCode.ProtocolError, message: 'a field may not be in a trailer' },
  'no-end': { error: ErrorCode.ProtocolError, message: 'trailers that do not end the stream' },
  'unexpected-switch': { error: ErrorCode.ProtocolError, message: 'the server switched protocols' },
  'early-data': { error: ErrorCode.ProtocolError, message: 'data before a final response' },
  'too-many-informational': { error: ErrorCode.EnhanceYourCalm, message: 'too many informational responses' },
} as const satisfies Record<string, { readonly error: ErrorCode; readonly message: string }>;

export type Http2Problem = keyof typeof http2Problems;

/** A connection error (RFC 9113 section 5.4.1): GOAWAY and close. */
export class Http2Error extends Error {
  readonly code: Http2Problem;

  constructor(code: Http2Problem) {
    super(http2Problems[code].message);
    this.code = code;
  }

  get errorCode(): ErrorCode {
    return http2Problems[this.code].error;
  }
}
