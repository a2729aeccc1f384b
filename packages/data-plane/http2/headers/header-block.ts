import { Headers } from '@tulle/decision/headers';
import type { FieldSink } from '../hpack/decoder.ts';
import { type Field, Role } from '../hpack/field.ts';
import type { Http2Limits } from '../limits.ts';
import type { Http2Problem } from '../protocol-error.ts';

/**
 * One decoded header block and what is wrong with it (RFC 9113 section 8.2). It may be remembered and serve
 * many messages, so nothing changes it once it is decoded but the notes at its end.
 */
export class HeaderBlock implements FieldSink {
  readonly names: string[] = [];
  readonly values: string[] = [];
  /** Names whose fields may not be indexed further on. */
  sensitive: string[] | undefined = undefined;
  method: string | undefined = undefined;
  path: string | undefined = undefined;
  scheme: string | undefined = undefined;
  authority: string | undefined = undefined;
  protocol: string | undefined = undefined;
  status: string | undefined = undefined;
  host: string | undefined = undefined;
  /** -1: none. */
  contentLength = -1;
  te = false;
  /** The first thing that was wrong. */
  malformed: Http2Problem | undefined = undefined;
  /** Beyond the limits; the fields that are here are not all. */
  full = false;
  /** Whether the block as a request is wrong, once it was looked at as one. */
  requestProblem: Http2Problem | 'none' | undefined = undefined;
  readonly #limits: Http2Limits;
  #size = 0;
  #cookieAt = -1;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  /** Any pseudo field is there. */
  get hasPseudo(): boolean {
    return (
      this.method !== undefined ||
      this.path !== undefined ||
      this.scheme !== undefined ||
      this.authority !== undefined ||
      this.protocol !== undefined ||
      this.status !== undefined
    );
  }

  /** The regular fields, as a message's own. @param more fields that there is room for */
  headers(more = 0): Headers {
    const headers = new Headers(this.names.length + more);
    for (let at = 0; at < this.names.length; at++)
      headers.add(this.names[at] as string, this.values[at] as string);
    if (this.sensitive !== undefined) headers.sensitive = [...this.sensitive];
    return headers;
  }

  add(field: Field, neverIndexed: boolean): void {
    if (this.full) return;
    const { name, value } = field;
    this.#size += field.size;
    if (this.#size > this.#limits.maxHeaderListBytes) {
      this.full = true;
      return;
    }
    if (!field.valid) this.#wrong('bad-field-value');
    if (name.role === Role.None) this.#regular(name.text, value);
    else if (name.role <= Role.UnknownPseudo) this.#pseudo(name.role, value);
    else this.#special(name.role, name.text, value);
    if (neverIndexed && name.role !== Role.Invalid) {
      this.sensitive ??= [];
      this.sensitive.push(name.text);
    }
  }

  #wrong(problem: Http2Problem): void {
    this.malformed ??= problem;
  }

  #regular(name: string, value: string): void {
    if (this.names.length >= this.#limits.maxFields) {
      this.full = true;
      return;
    }
    this.names.push(name);
    this.values.push(value);
  }

  #pseudo(role: Role, value: string): void {
    // All pseudo fields come first (RFC 9113 section 8.3).
    if (this.names.length > 0 || this.host !== undefined) this.#wrong('bad-pseudo-field');
    switch (role) {
      case Role.Method:
        if (this.method !== undefined) this.#wrong('bad-pseudo-field');
        this.method = value;
        return;
      case Role.Path:
        if (this.path !== undefined) this.#wrong('bad-pseudo-field');
        this.path = value;
        return;
      case Role.Scheme:
        if (this.scheme !== undefined) this.#wrong('bad-pseudo-field');
        this.scheme = value;
        return;
      case Role.Authority:
        if (this.authority !== undefined) this.#wrong('bad-pseudo-field');
        this.authority = value;
        return;
      case Role.Status:
        if (this.status !== undefined) this.#wrong('bad-pseudo-field');
        this.status = value;
        return;
      case Role.Protocol:
        if (this.protocol !== undefined) this.#wrong('bad-pseudo-field');
        this.protocol = value;
        return;
      default:
        this.#wrong('bad-pseudo-field');
    }
  }

  #special(role: Role, name: string, value: string): void {
    switch (role) {
      case Role.ContentLength:
        if (this.contentLength >= 0 || !/^\d{1,15}$/.test(value)) this.#wrong('bad-content-length');
        else this.contentLength = Number(value);
        this.#regular(name, value);
        return;
      case Role.Host:
        if (this.host !== undefined) this.#wrong('host-mismatch');
        this.host = value;
        return;
      case Role.Te:
        if (value.toLowerCase() !== 'trailers') this.#wrong('connection-field');
        this.te = true;
        this.#regular(name, 'trailers');
        return;
      case Role.Cookie:
        // Split for compression; one field to everyone else (RFC 9113 section 8.2.3).
        if (this.#cookieAt >= 0) this.values[this.#cookieAt] += `; ${value}`;
        else {
          this.#cookieAt = this.names.length;
          this.#regular(name, value);
        }
        return;
      case Role.Connection:
        this.#wrong('connection-field');
        return;
      default:
        this.#wrong('bad-field-name');
    }
  }
}
