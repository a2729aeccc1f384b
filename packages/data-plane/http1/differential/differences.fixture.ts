/** What two readings of the same bytes may differ in: we refuse what llhttp accepts, or the other way round. */
export type Difference = `stricter: ${string}` | `looser: ${string}` | 'closes sooner' | 'closes later';

/**
 * The differences from llhttp in strict mode, with the text that says why we are right. Whatever is not listed
 * here has to be read alike, or refused by both.
 */
export const differences: Readonly<Partial<Record<Difference, string>>> = {
  'stricter: no-host':
    'RFC 9112 section 3.2: a server MUST respond with 400 to an HTTP/1.1 request without Host. llhttp leaves Host to its caller; Node refuses it above the parser.',
  'stricter: many-hosts':
    'RFC 9112 section 3.2: … and to any request with more than one Host line. llhttp leaves Host to its caller. (In a response it means nothing; two of it are refused all the same.)',
  'stricter: bad-host':
    'RFC 9112 section 3.2: … or with an invalid Host value (RFC 9110 section 7.2: uri-host [ ":" port ], no user information). llhttp leaves Host to its caller.',
  'stricter: bad-target':
    'RFC 9112 section 3.2: four forms of target. `*` is for OPTIONS, authority-form for CONNECT; http and https may have neither an empty host (RFC 9110 section 4.2.1) nor, for a proxy, user information (section 4.2.4); other schemes are not ours. llhttp does not tie the form to the method.',
  'stricter: bad-version':
    'RFC 9112 section 2.3 and RFC 9110 section 2.5: HTTP/1.x is what we speak on this connection; llhttp also takes 0.9 and 2.0, which have other framings.',
  'stricter: bad-method':
    'RFC 9112 section 2.2: an empty line before the request line is CR LF; to take a bare LF for one is a MAY. Also methods above 32 characters.',
  'stricter: bad-line-end':
    'RFC 9112 section 2.2: to take a single LF for a line end is a MAY, and is what desync attacks live on. llhttp refuses it nearly everywhere, but takes it before a start line, and after one without a version (HTTP/0.9).',
  'stricter: bad-chunk-size':
    'RFC 9112 section 7.1: recipients MUST prevent errors due to overflow. llhttp takes up to 2^64 - 1, we up to 2^48, which a double holds exactly.',
  'stricter: bad-chunk-extension':
    'RFC 9112 section 7.1.1: chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ): a name and, after "=", a value are needed, and quotes have to close. llhttp takes empty ones. BWS "MUST" be removed by a recipient or refused as invalid: we refuse.',
  'stricter: encoding-in-1.0':
    'RFC 9112 section 6.1: an HTTP/1.0 message with Transfer-Encoding MUST be treated as if its framing is faulty.',
  'stricter: bad-trailer':
    'RFC 9110 section 6.5.1: no field that is necessary for framing or routing may be in a trailer.',
  'stricter: bad-transfer-encoding':
    'RFC 9112 section 6.3, rule 4: chunked that is not the final coding of a request can not be framed: 400. White space after it is OWS, but has been read differently by others, and no sender writes it: it is refused as faulty. A response in a coding that TE did not offer (RFC 9110 section 10.1.4) can not be decoded.',
  'stricter: unknown-transfer-coding':
    'RFC 9112 section 6.1: a server that receives a coding that it does not understand SHOULD respond with 501.',
  'stricter: bad-content-length':
    'RFC 9110 section 9.3.6: a CONNECT request has no content; what one reader takes for content another takes for the tunnel. Lengths of more than 15 digits are beyond what we count exactly (RFC 9110 section 8.6: prevent overflow).',
  'stricter: bad-status':
    'RFC 9112 section 4: status-code = 3DIGIT, and RFC 9110 section 15: the first digit is a class, 1 to 5 (we pass 600 to 999 on, as section 15 asks of clients).',
  'stricter: bad-start-line':
    'RFC 9112 section 4: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text ): no other control character.',
  'stricter: unexpected-switch':
    'RFC 9110 section 15.2.2 and 7.8: a server MUST NOT switch to a protocol that the client did not ask for.',
  'stricter: length-and-encoding':
    'RFC 9112 section 6.3, rule 3: such a message ought to be handled as an error.',
  'stricter: too-many-fields':
    'RFC 9110 section 5.4: a server that receives more than it wishes to process answers 4xx.',
  'stricter: too-many-informational': 'A limit of ours: RFC 9110 section 15.2 sets none.',
  'stricter: extensions-too-large':
    'RFC 9112 section 7.1.1: a recipient ought to limit the total length of extensions.',
  'looser: HPE_INVALID_METHOD':
    'RFC 9110 section 9.1: method = token, case-sensitive, and others than the standard ones may exist (section 16.1): a proxy passes them on. llhttp knows a list.',
  'closes sooner':
    'RFC 9112 section 9.3: if the close option is present, the connection will not persist, whatever else is said. llhttp lets a keep-alive option of HTTP/1.0 win.',
  'closes later':
    'RFC 9112 appendix C.2.2: Proxy-Connection is a mistake of old clients, which none is to send and nothing says what it means. llhttp reads it as Connection; we drop it.',
};
