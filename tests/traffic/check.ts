/** Holds what clients and applications saw against what a row expects. */
import { expect } from 'vitest';
import { eventually } from '../mesh.ts';
import type { Answer, BytesAnswer } from './ask.ts';
import type { Seen } from './echo.ts';
import type { Outcome } from './run.ts';
import type { Fields, HttpExpectation, TcpStep } from './scenario.ts';
import { checkWarming } from './warming.ts';
import type { World } from './world.ts';

/** @param patienceMs how long what was mirrored may take to arrive after the answer */
export async function checkAnswers(
  expected: HttpExpectation,
  outcomes: readonly Outcome[],
  world: World,
  patienceMs: number,
): Promise<void> {
  const { refused = false, status = 200, atLeastMs, slowestAtLeastMs } = expected;
  for (const { answer, milliseconds } of outcomes) {
    expect(answer === undefined, 'refused').toBe(refused);
    if (answer !== undefined) checkAnswer(expected, answer);
    if (atLeastMs !== undefined) expect(milliseconds, 'milliseconds').toBeGreaterThanOrEqual(atLeastMs);
  }
  if (slowestAtLeastMs !== undefined)
    expect(Math.max(...outcomes.map(({ milliseconds }) => milliseconds)), 'slowest').toBeGreaterThanOrEqual(
      slowestAtLeastMs,
    );
  const answers = outcomes.flatMap(({ answer }) => answer ?? []);
  const statuses = counted(answers.map((answer) => String(answer.status)));
  if (expected.statusShares !== undefined) checkShares(expected.statusShares, statuses, answers.length);
  else if (typeof status === 'object') expect(Object.fromEntries(statuses)).toEqual(status);
  else if (!refused) expect(Object.fromEntries(statuses)).toEqual({ [status]: outcomes.length });
  const versions = counted(answers.map(({ headers }) => String(headers['x-version'])));
  if (expected.version !== undefined) expect([...versions.keys()]).toEqual([expected.version]);
  if (expected.versions !== undefined) expect(versions.size, 'versions').toBe(expected.versions);
  if (expected.shares !== undefined) checkShares(expected.shares, versions, answers.length);
  if (expected.warming !== undefined) checkWarming(expected.warming, outcomes);
  await checkSeen(expected, outcomes, world, patienceMs);
  if (expected.flags !== undefined) {
    const flags = sortedFlags(expected.flags);
    for (const { of } of outcomes)
      expect(sortedFlags((await world.accessLog.firstOf(of)).flags ?? '-'), 'flags').toEqual(flags);
  }
  if (expected.upstream !== undefined)
    for (const { of } of outcomes)
      checkFields(
        { upstream: expected.upstream },
        { upstream: (await world.accessLog.firstOf(of)).upstream ?? '' },
      );
}

const sortedFlags = (flags: string): readonly string[] => flags.split(',').toSorted();

function checkAnswer({ headers = {}, body, bodyBytes, grpcStatus }: HttpExpectation, answer: Answer): void {
  checkFields(headers, answer.headers as Record<string, string | string[] | undefined>);
  if (body instanceof RegExp) expect(answer.body).toMatch(body);
  else if (body !== undefined) expect(answer.body).toBe(body);
  if (bodyBytes !== undefined) expect(answer.body.length, 'bytes of the body').toBe(bodyBytes);
  if (grpcStatus !== undefined) expect(answer.grpcStatus, 'grpc-status').toBe(grpcStatus);
}

function checkFields(
  expected: Fields,
  actual: Readonly<Record<string, string | readonly string[] | undefined>>,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = actual[name];
    const one = typeof found === 'object' ? found.join(',') : found;
    if (value === null) expect(one, name).toBeUndefined();
    else if (value instanceof RegExp) expect(one, name).toMatch(value);
    else expect(one, name).toBe(value);
  }
}

async function checkSeen(
  { seen, seenBy = {}, received, receivedBy, receivers, connections }: HttpExpectation,
  outcomes: readonly Outcome[],
  { sightings }: World,
  patienceMs: number,
): Promise<void> {
  const all = (): readonly Seen[] => outcomes.flatMap(({ of }) => sightings.of(of));
  const settled = async (
    by: string | undefined,
    bounds: number | readonly [number, number],
  ): Promise<void> => {
    const [least, most] = typeof bounds === 'number' ? [bounds, bounds] : bounds;
    const count = (): number => all().filter((one) => by === undefined || one.by === by).length;
    await eventually(
      `${least} requests at ${by ?? 'applications'}, not ${count()}`,
      async () => (count() >= least ? true : undefined),
      patienceMs,
    );
    expect(count(), `requests at ${by ?? 'applications'}`).toBeLessThanOrEqual(most);
  };
  if (received !== undefined) await settled(undefined, received);
  for (const [by, bounds] of Object.entries(receivedBy ?? {})) await settled(by, bounds);
  if (receivers !== undefined) expect(new Set(all().map(({ by }) => by)).size, 'receivers').toBe(receivers);
  if (connections !== undefined)
    expect(new Set(all().map(({ connection }) => connection)).size, 'connections').toBe(connections);
  if (seen !== undefined) checkSeenFields(seen, all().at(-1));
  for (const [by, fields] of Object.entries(seenBy))
    checkSeenFields(
      fields,
      all().findLast((one) => one.by === by),
    );
}

function checkSeenFields(expected: Fields, seen: Seen | undefined): void {
  if (seen === undefined) throw new Error('no application saw the request');
  const { method, path, authority, version, headers } = seen;
  checkFields(expected, {
    ...(headers as Record<string, string | string[] | undefined>),
    ...{ ':method': method, ':path': path, ':authority': authority, ':version': version },
  });
}

/** Answers whether each share is within five standard deviations of the binomial distribution of `total` draws. */
function checkShares(
  shares: Readonly<Record<string, number>>,
  counts: ReadonlyMap<string, number>,
  total: number,
): void {
  for (const name of counts.keys()) expect(Object.keys(shares)).toContain(name);
  for (const [name, share] of Object.entries(shares)) {
    const bound = 5 * Math.sqrt(total * share * (1 - share));
    const off = Math.abs((counts.get(name) ?? 0) - total * share);
    expect(off, `${name}: ${counts.get(name) ?? 0} of ${total}`).toBeLessThanOrEqual(bound);
  }
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

export function checkBytes(expected: TcpStep['expect'], answers: readonly (BytesAnswer | undefined)[]): void {
  const served = answers.filter((answer) => answer !== undefined);
  expect(served.length, 'answered').toBe(expected.refused === true ? 0 : (expected.served ?? answers.length));
  for (const answer of served) {
    if (expected.line !== undefined) expect(answer.line).toMatch(expected.line);
    if (expected.sni !== undefined) expect(answer.line.split(' ')[1], 'server name').toBe(expected.sni);
    if (expected.certificate !== undefined) expect(answer.certificate).toBe(expected.certificate);
  }
  const versions = counted(served.map(({ line }) => String(line.split(' ')[0])));
  if (expected.version !== undefined) expect([...versions.keys()]).toEqual([expected.version]);
  if (expected.versions !== undefined) expect(versions.size, 'versions').toBe(expected.versions);
  if (expected.shares !== undefined) checkShares(expected.shares, versions, answers.length);
}
