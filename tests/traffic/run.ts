/** Runs one row in a world: sends its steps in order and holds what comes back against what is expected. */

import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../mesh.ts';
import { type Answer, ask, askBytes, type BytesAnswer } from './ask.ts';
import { checkAnswers, checkBytes } from './check.ts';
import { filled } from './documents.ts';
import { checkExplained, checkExplainedBytes } from './explained.ts';
import { defaultUrl, type RowPlan } from './plan.ts';
import { type HttpStep, isBytes, type Scenario, type Step, senderOf, type TcpStep } from './scenario.ts';
import type { World } from './world.ts';

export async function runScenario(row: Scenario, world: World): Promise<void> {
  const plan = world.plans.get(row) as RowPlan;
  expect(world.refused.get(plan.name)).toBeUndefined();
  const steps = row.differs?.engine === world.engine ? row.differs.steps : row.steps;
  const later: Later = [];
  for (const [index, step] of steps.entries())
    await runStep(filledStep(step, plan), plan, index, world, later);
  // What is applied on the way is not what was explained.
  if (steps.some((step) => !isBytes(step) && step.applies !== undefined)) return;
  await Promise.all(later.map((check) => check()));
}

/** What waits for the access log, which is written a moment later. */
type Later = (() => Promise<void>)[];

/** The step with the row's values for its words. */
function filledStep(step: Step, { words }: RowPlan): Step {
  const whole = isBytes(step) ? step : { url: defaultUrl, ...step };
  return JSON.parse(filled(JSON.stringify(whole, keepPatterns), words), revivePatterns) as Step;
}

const keepPatterns = (_: string, value: unknown): unknown =>
  value instanceof RegExp ? { pattern: value.source } : value;

const revivePatterns = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'pattern' in value
    ? new RegExp(String(value.pattern))
    : value;

async function runStep(step: Step, plan: RowPlan, index: number, world: World, later: Later): Promise<void> {
  if (isBytes(step)) return runBytes(step, world);
  const of = `${plan.name}/${index}`;
  if (step.settles !== true) return runHttp(step, of, world, later);
  let tries = 0;
  await eventually(of, async () => {
    await runHttp(step, `${of}/${tries++}`, world, later);
    return true;
  });
}

/** Calls `run` with each number below `times`, so many at a time. */
async function inLanes(times: number, lanes: number, run: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) await run(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** One request's outcome; an error is what the connection met. */
export interface Outcome {
  /** Its value of the scenario header. */
  readonly of: string;
  readonly answer: Answer | undefined;
  /** Since the step began. */
  readonly startMs: number;
  readonly milliseconds: number;
}

async function runHttp(step: HttpStep, of: string, world: World, later: Later): Promise<void> {
  const begin = performance.now();
  // The API may be closing a connection that was idle for so long.
  for (const text of step.applies ?? [])
    await eventually('it is applied', () => world.apply(text).then(() => true));
  const one = async (number: number): Promise<Outcome> => {
    const request = `${of}/${number}`;
    if (step.pauseMs !== undefined) await after(step.pauseMs);
    const start = performance.now();
    const answer = await send(step, request, world).catch((error: Error) => {
      if (step.expect.refused === true) return undefined;
      throw error;
    });
    return { of: request, answer, startMs: start - begin, milliseconds: performance.now() - start };
  };
  const outcomes: Outcome[] = [];
  await inLanes(step.times ?? 1, step.together ?? lanesOf(step), async (number) => {
    outcomes.push(await one(number));
  });
  // A step that settles is tried again instead.
  await checkAnswers(step.expect, outcomes, world, step.settles === true ? 500 : 60_000);
  if (world.engine === 'envoy') return;
  const answered = outcomes.flatMap(({ of: request, answer }) => (answer === undefined ? [] : [request]));
  later.push(() => checkExplained(step, headersOf(step, `${of}/0`), answered, world));
}

/** Draws for a distribution are independent of each other, and quicker side by side. */
const lanesOf = ({ expect: { shares, statusShares } }: HttpStep): number =>
  shares !== undefined || statusShares !== undefined ? 8 : 1;

const headersOf = (
  { behave, headers = {} }: HttpStep,
  request: string,
): Readonly<Record<string, string>> => ({
  'x-scenario': request,
  ...(behave !== undefined && { 'x-behave': JSON.stringify(behave) }),
  ...headers,
});

function send(step: HttpStep, request: string, world: World): Promise<Answer> {
  const { kind = 'http', method = 'GET', body } = step;
  const url = new URL(step.url as string);
  const isTls = url.protocol === 'https:';
  const from = senderOf(step);
  const entrance = world.entrances[from];
  const { ca, pairs } = world.certificates;
  const own = step.certificate === undefined ? undefined : pairs.get(step.certificate);
  return ask({
    ...{ kind, method, url, body },
    port: Number(step.port ?? (isTls ? entrance.https : entrance.http)),
    headers: headersOf(step, request),
    absolute: kind === 'http' && from !== 'gateway',
    tls: isTls ? { ca, ...own, ...step.offers } : undefined,
  });
}

async function runBytes(step: TcpStep, world: World): Promise<void> {
  const { to, kind, sni, certificate, source, offers, times = 1, held } = step;
  const from = senderOf(step);
  const entrance = world.entrances[from];
  const [address, ownPort] = from === 'gateway' ? to.split(':') : ['', entrance.upstreams.get(to)];
  if (ownPort === undefined) throw new Error(`${from} does not declare ${to}`);
  const { ca, pairs } = world.certificates;
  const own = certificate === undefined ? undefined : pairs.get(certificate);
  const tls =
    kind === 'tls'
      ? { sni: sni ?? '', ca, ...offers, ...(own !== undefined && { certificate: own }) }
      : undefined;
  const { refused, served, shares, closedAfterMs } = step.expect;
  const answers: (BytesAnswer | undefined)[] = [];
  await inLanes(times, shares === undefined ? 1 : 8, async () => {
    const start = performance.now();
    const to = { host: address || '127.0.0.1', port: Number(ownPort), source, tls };
    const answer = await askBytes(to).catch((error: Error) => {
      if (refused === true || served !== undefined) return undefined;
      throw error;
    });
    answers.push(answer);
    if (closedAfterMs !== undefined && answer !== undefined) {
      if (!answer.socket.closed) await once(answer.socket, 'close');
      expect(performance.now() - start, 'milliseconds').toBeGreaterThanOrEqual(closedAfterMs);
    }
    if (held !== true) answer?.socket.destroy();
  });
  for (const answer of answers) answer?.socket.destroy();
  checkBytes(step.expect, answers);
  const answered = answers.filter((answer) => answer !== undefined).length;
  const listener = { host: address || '127.0.0.1', port: Number(ownPort) };
  // An address that no server binds is nothing to explain.
  if (world.engine === 'tulle' && answered > 0) checkExplainedBytes(step, listener, world);
}
