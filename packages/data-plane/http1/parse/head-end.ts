import { CR, LF } from '../bytes.ts';
import type { Http1Limits } from '../limits.ts';
import { Http1Error } from '../protocol-error.ts';

/** Where `findHeadEnd` goes on when more bytes have come: one per message. */
export class HeadScan {
  /** Start of the line that is not complete yet, relative to the head's start. */
  line = 0;
  /** Bytes of the head that hold no further LF. */
  scanned = 0;

  reset(): void {
    this.line = 0;
    this.scanned = 0;
  }
}

/**
 * The index after the empty line that ends a head (or trailer) starting at `from`, or -1 when it is not
 * there yet. Each byte is looked at once however the head is cut into reads.
 *
 * @throws Http1Error for a line that does not end in CR LF, or a head above the limit.
 */
export function findHeadEnd(bytes: Buffer, from: number, scan: HeadScan, limits: Http1Limits): number {
  for (;;) {
    const lf = bytes.indexOf(LF, from + scan.scanned);
    if (lf < 0) {
      scan.scanned = bytes.length - from;
      if (scan.scanned > limits.maxHeadBytes) throw new Http1Error('head-too-large');
      return -1;
    }
    if (lf - from >= limits.maxHeadBytes) throw new Http1Error('head-too-large');
    const line = from + scan.line;
    if (lf === line || bytes[lf - 1] !== CR) throw new Http1Error('bad-line-end');
    scan.scanned = lf + 1 - from;
    scan.line = scan.scanned;
    if (lf - 1 === line) return lf + 1;
  }
}

/** Where a head begins: an empty line before a request is passed over (RFC 9112 section 2.2). */
export function passEmptyLines(bytes: Buffer, from: number): number {
  let at = from;
  while (at + 1 < bytes.length && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}
