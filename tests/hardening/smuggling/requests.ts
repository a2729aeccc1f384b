import type { RequestCase } from './case.ts';
import { authority } from './requests/authority.ts';
import { bothFramings } from './requests/both-framings.ts';
import { chunks } from './requests/chunks.ts';
import { codings } from './requests/codings.ts';
import { lengths } from './requests/lengths.ts';
import { lines } from './requests/lines.ts';
import { protocols } from './requests/protocols.ts';
import { sequence } from './requests/sequence.ts';
import { unexpectedBodies } from './requests/unexpected-bodies.ts';

/** In the order of docs/smuggling.md. */
export const requestCases: readonly RequestCase[] = [
  ...bothFramings,
  ...codings,
  ...lengths,
  ...unexpectedBodies,
  ...chunks,
  ...lines,
  ...authority,
  ...protocols,
  ...sequence,
];
