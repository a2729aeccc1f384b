import { type Difference, differences } from './differences.fixture.ts';
import { someRequest, someResponse } from './grammar.fixture.ts';
import { llhttpRequests, llhttpResponse } from './llhttp-reading.fixture.ts';
import { generator, mutate, wound } from './mutations.fixture.ts';
import { ourRequests, ourResponse } from './our-reading.fixture.ts';
import { type Message, pieces, type Reading } from './reading.fixture.ts';
import { requestSeeds, responseSeeds } from './seeds.fixture.ts';

export interface Tally {
  readonly kind: 'requests' | 'responses';
  readonly seed: number;
  readonly cases: number;
  /** Both understood the same, to the end. */
  readonly same: number;
  /** Both refused, at the same message. */
  readonly refused: number;
  /** Listed differences, by what they are listed under. */
  readonly listed: ReadonlyMap<Difference, number>;
}

export interface Differential {
  readonly kind: 'requests' | 'responses';
  readonly seed: number;
  readonly cases: number;
  /** How many of the cases, from the first on, are also read cut in two at each place. */
  readonly everyCut: number;
  /** Called every few thousand cases: lets the event loop turn. */
  readonly breathe: () => Promise<void>;
}

/**
 * Generated and mutated messages to our codec (whole, byte by byte, and cut in two) and to llhttp.
 *
 * @throws Error with the case, where they differ and `differences.fixture.ts` does not say why we are right
 */
export async function compare({ kind, seed, cases, everyCut, breathe }: Differential): Promise<Tally> {
  const random = generator(seed);
  const listed = new Map<Difference, number>();
  let same = 0;
  let refused = 0;
  for (let index = 0; index < cases; index++) {
    if (index % 2_000 === 0) await breathe();
    const text = kind === 'requests' ? requests(random) : responses(random);
    const method = kind === 'responses' && random(6) === 0 ? 'HEAD' : 'GET';
    const bytes = Buffer.from(text, 'latin1');
    const ours = (parts: readonly Buffer[]): Reading =>
      kind === 'requests' ? ourRequests(parts) : ourResponse(parts, method);
    const we = ours([bytes]);
    const they = kind === 'requests' ? llhttpRequests(bytes) : llhttpResponse(bytes, method);
    const context = (): string => JSON.stringify({ kind, seed, index, method, text, we, they });

    const cuts: (number | 'every')[] = ['every', random(bytes.length)];
    if (index < everyCut) for (let cut = 1; cut < bytes.length; cut++) cuts.push(cut);
    for (const cut of cuts) {
      const again = ours(pieces(bytes, cut));
      if (!equal(again, we)) throw new Error(`cut at ${cut}: ${JSON.stringify(again)} ${context()}`);
    }

    const verdict = judge(we, they, text, () => ours([bytes, Buffer.from('\r\n\r\n')]));
    if (verdict === 'same') same++;
    else if (verdict === 'refused') refused++;
    else if (verdict === 'different' || !Object.hasOwn(differences, verdict))
      throw new Error(`${verdict}: ${context()}`);
    else listed.set(verdict, (listed.get(verdict) ?? 0) + 1);
  }
  return { kind, seed, cases, same, refused, listed };
}

type Verdict = 'same' | 'refused' | 'different' | Difference;

/** @param finished our reading when an empty line follows: of a head that is not complete we say nothing before */
function judge(we: Reading, they: Reading, text: string, finished: () => Reading): Verdict {
  const shared = Math.min(we.messages.length, they.messages.length);
  for (let at = 0; at < shared; at++) {
    const [ours, theirs] = [we.messages[at] as Message, they.messages[at] as Message];
    if (!sameMessage(ours, theirs)) return 'different';
    if (ours.keepAlive === theirs.keepAlive || ours.keepAlive === undefined || theirs.keepAlive === undefined)
      continue;
    if (!ours.keepAlive) return /close/i.test(text) ? 'closes sooner' : 'different';
    return /proxy-connection/i.test(text) ? 'closes later' : 'different';
  }
  // A message that one has and the other has not must have been refused by the other, or not be asked for.
  if (they.messages.length > shared) return we.over ? 'same' : refusedBy('stricter', we.refused);
  if (we.messages.length > shared) return they.over ? 'same' : refusedBy('looser', they.refused);
  if (we.over || they.over) return 'same';
  if (we.refused !== undefined) return they.refused !== undefined ? 'refused' : `stricter: ${we.refused}`;
  if (they.refused !== undefined) {
    return finished().refused === undefined ? `looser: ${they.refused}` : 'refused';
  }
  return JSON.stringify(we.open) === JSON.stringify(they.open) ? 'same' : 'different';
}

function refusedBy(side: 'stricter' | 'looser', code: string | undefined): Verdict {
  return code === undefined ? 'different' : `${side}: ${code}`;
}

function sameMessage(a: Message, b: Message): boolean {
  return (
    a.start === b.start &&
    a.body === b.body &&
    a.fields.join('\n') === b.fields.join('\n') &&
    a.trailers.join('\n') === b.trailers.join('\n')
  );
}

function equal(a: Reading, b: Reading): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function requests(random: (below: number) => number): string {
  if (random(3) === 0) return mutate(requestSeeds, random);
  const text = someRequest(random) + (random(2) === 0 ? someRequest(random) : '');
  return random(3) === 0 ? wound(text, random) : text;
}

function responses(random: (below: number) => number): string {
  if (random(3) === 0) return mutate(responseSeeds, random);
  const text = someResponse(random);
  return random(3) === 0 ? wound(text, random) : text;
}
