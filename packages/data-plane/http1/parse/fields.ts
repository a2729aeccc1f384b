import { Headers } from '@tulle/decision/headers';
import { COLON, CR, HTAB, SP, TOKEN, VALUE } from '../bytes.ts';
import type { Http1Limits } from '../limits.ts';
import { Http1Error } from '../protocol-error.ts';
import { internFieldName, Role } from './field-name.ts';

/** Beyond, a head makes its room as it grows. */
const mostRoom = 32;

/**
 * The fields of one head, and what they say about framing. Fields that belong to one hop are taken out
 * (RFC 9110 section 7.6.1), as are those that Connection names.
 */
export class Fields {
  headers: Headers = new Headers();
  host: string | undefined = undefined;
  /** -1: none. */
  contentLength = -1;
  transferEncoding: string | undefined = undefined;
  connectionClose = false;
  connectionKeepAlive = false;
  connectionUpgrade = false;
  upgrade: string | undefined = undefined;
  #connectionOptions: string[] | undefined = undefined;

  /**
   * Parses the field lines at `bytes[from, to)`; what was parsed before is forgotten, but for its headers, which
   * are their user's. Every line ends in CR LF: `findHeadEnd` has seen to it.
   *
   * @throws Http1Error
   */
  parse(bytes: Buffer, from: number, to: number, limits: Http1Limits): void {
    this.#reset();
    let at = from;
    let count = 0;
    /** All of it, once a value is new. */
    let text = '';
    while (at < to) {
      if (++count > limits.maxFields) throw new Http1Error('too-many-fields');
      const nameFrom = at;
      let hash = 0;
      let byte = bytes[at] as number;
      while (TOKEN[byte] === 1) {
        hash = (Math.imul(hash, 31) + byte) | 0;
        byte = bytes[++at] as number;
      }
      if (byte !== COLON || at === nameFrom) {
        throw new Http1Error(
          at === nameFrom && (byte === SP || byte === HTAB) ? 'obs-fold' : 'bad-field-name',
        );
      }
      const name = internFieldName(bytes, nameFrom, at, hash);
      byte = bytes[++at] as number;
      while (byte === SP || byte === HTAB) byte = bytes[++at] as number;
      const valueFrom = at;
      // What was a value before may be one again: comparing checks it as well.
      const { lastValue } = name;
      while (at - valueFrom < lastValue.length && byte === lastValue.charCodeAt(at - valueFrom)) {
        byte = bytes[++at] as number;
      }
      const matched = at - valueFrom;
      while (VALUE[byte] === 1) byte = bytes[++at] as number;
      // The first CR must be the line's: CR LF ends it, a CR alone may not be in a value.
      if (byte !== CR || bytes[at + 1] !== 0x0a) throw new Http1Error('bad-field-value');
      let valueTo = at;
      while (valueTo > valueFrom && (bytes[valueTo - 1] === SP || bytes[valueTo - 1] === HTAB)) valueTo--;
      // White space there is allowed and means nothing, but not every reader before us knows that.
      if (name.role === Role.TransferEncoding && valueTo !== at)
        throw new Http1Error('bad-transfer-encoding');
      at += 2;
      let value = lastValue;
      if (matched !== lastValue.length || valueTo - valueFrom !== matched) {
        if (text === '') text = bytes.toString('latin1', from, to);
        value = name.newValue(bytes, valueFrom, valueTo, text, valueFrom - from);
      }
      if (name.role === Role.None) this.headers.add(name.lower, value, name.spelled);
      else this.#special(name.role, name.lower, name.spelled, value);
    }
    if (this.#connectionOptions !== undefined) {
      for (const option of this.#connectionOptions) this.headers.remove(option);
    }
  }

  #reset(): void {
    // As many as the head before had in the end, and a few: most are alike.
    this.headers = new Headers(Math.min(this.headers.size, mostRoom) + 2);
    this.host = undefined;
    this.contentLength = -1;
    this.transferEncoding = undefined;
    this.connectionClose = false;
    this.connectionKeepAlive = false;
    this.connectionUpgrade = false;
    this.upgrade = undefined;
    this.#connectionOptions = undefined;
  }

  #special(role: Role, lower: string, spelled: string, value: string): void {
    switch (role) {
      case Role.Host:
        if (this.host !== undefined) throw new Http1Error('many-hosts');
        this.host = value;
        return;
      case Role.ContentLength:
        if (this.contentLength >= 0) throw new Http1Error('many-content-lengths');
        this.contentLength = parseContentLength(value);
        // A zero in front makes it octal for some.
        this.headers.add(lower, value.startsWith('0') ? String(this.contentLength) : value, spelled);
        return;
      case Role.TransferEncoding:
        // A second field would make a list of two codings, which is never just `chunked`.
        this.transferEncoding =
          this.transferEncoding === undefined ? value : `${this.transferEncoding},${value}`;
        return;
      case Role.Connection:
        this.#connection(value);
        return;
      case Role.Upgrade:
        this.upgrade = this.upgrade === undefined ? value : `${this.upgrade}, ${value}`;
        return;
      case Role.Te:
        // All that means anything beyond this hop, and true of us too: trailers are passed on.
        if (value === 'trailers' || listsTrailers(value)) this.headers.add(lower, 'trailers', spelled);
        return;
    }
  }

  #connection(value: string): void {
    const lower = value.toLowerCase();
    if (lower === 'keep-alive') {
      this.connectionKeepAlive = true;
      return;
    }
    for (const part of lower.split(',')) {
      const option = part.trim();
      if (option === 'keep-alive') this.connectionKeepAlive = true;
      else if (option === 'close') this.connectionClose = true;
      else if (option === 'upgrade') this.connectionUpgrade = true;
      // Framing and TE have been dealt with; a peer may not take Content-Length away from the next hop.
      else if (option !== '' && option !== 'content-length' && option !== 'te') {
        this.#connectionOptions ??= [];
        this.#connectionOptions.push(option);
      }
    }
  }
}

/** Digits only, and few enough to be exact in a double: no sign, no list, no white space. */
function parseContentLength(value: string): number {
  if (value.length === 0 || value.length > 15) throw new Http1Error('bad-content-length');
  let length = 0;
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) throw new Http1Error('bad-content-length');
    length = length * 10 + digit;
  }
  return length;
}

const listsTrailers = (value: string): boolean =>
  value.split(',').some((coding) => coding.trim().toLowerCase() === 'trailers');
