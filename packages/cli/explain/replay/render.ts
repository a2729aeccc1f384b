import type { Palette } from '../../output/color.ts';
import { fold } from '../../output/fold.ts';
import type { RecordedRequest } from './recorded-request.ts';
import type { Replayed, ReplayedPair } from './replay.ts';

/** Requests that are named, of each kind that fails. */
const mostNamed = 20;

/** A replay as text. @param window in words: `10 minutes` */
export function renderReplay(replayed: Replayed, window: string, paint: Palette): string {
  const { pairs, requests, undecided } = replayed;
  const lines = [paint.bold(`${counted(requests, 'request')} of the last ${window}, decided again:`)];
  const changed = pairs.filter(({ moves }) => moves.length > 0);
  for (const pair of changed) lines.push('', ...pairLines(pair, paint));
  if (changed.length === 0 && requests > undecided.requests)
    lines.push(
      undecided.requests === 0
        ? '  all of them go where they went'
        : `  ${(requests - undecided.requests).toLocaleString('en')} of them go where they went`,
    );
  if (undecided.requests > 0) {
    const fields = undecided.headers.map((name) => `%REQ(${name.toUpperCase()})%`).join(' ');
    const why = `${counted(undecided.requests, 'request')} can't be decided: routes look at ${undecided.headers.join(', ')}, which the access log does not record. With ${fields} in its format it would.`;
    lines.push('', ...fold(why, 78).map(paint.yellow));
  }
  return `${lines.join('\n')}\n`;
}

function pairLines({ from, to, requests, moves, failing }: ReplayedPair, paint: Palette): string[] {
  return [
    paint.bold(`${from} → ${to}  ${counted(requests, 'request')}`),
    ...moves.flatMap(({ before, after, requests: moved }) =>
      fold(
        `${percent(moved / requests)} moves from ${shortEnd(before, after)} to ${shortEnd(after, before)}`,
        74,
      ).map((line) => `  ${line}`),
    ),
    ...failing.flatMap(({ answer, expected, requests: some }) => [
      paint.red(`  ${howMany(expected, some.length)} would get ${answer}:`),
      ...some.slice(0, mostNamed).map((request) => `    ${requestLine(request)}`),
      ...(some.length > mostNamed ? [`    and ${some.length - mostNamed} more`] : []),
    ]),
  ];
}

function requestLine({ at, call, status, requestId }: RecordedRequest): string {
  const time = at === undefined ? '' : `${new Date(at).toISOString().slice(11, 19)}  `;
  const what =
    call.kind === 'http' ? `${call.method} ${call.authority}${call.path}` : `${call.host}:${call.port}`;
  return `${time}${what}  was ${status}${requestId === '' ? '' : `  ${requestId.slice(0, 8)}`}`;
}

/** Of two subsets of one service only what tells them apart. */
function shortEnd(end: string, other: string): string {
  const [service, subset] = end.split(' ');
  return service === other.split(' ')[0] && subset !== undefined ? subset : end;
}

/** Where chance decides, what is to be expected. */
const howMany = (expected: number, all: number): string =>
  all - expected < 1e-6
    ? counted(all, 'request')
    : `about ${Number(expected.toFixed(1))} of ${counted(all, 'request')}`;

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;
