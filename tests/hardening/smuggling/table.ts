import type { FrameAnswerCase, FrameCase, RequestCase, ResponseCase, SmugglingCase } from './case.ts';
import { frameAnswerCases } from './frame-answers.ts';
import { frameCases } from './frames.ts';
import { requestCases } from './requests.ts';
import { responseCases } from './responses.ts';

/** docs/smuggling.md below its introduction: every case and what becomes of it. */
export function smugglingTables(): string {
  return [
    section('Requests over HTTP/1.1', requestCases, ofRequest),
    section('Requests over HTTP/2, to a backend of HTTP/1.1', frameCases, ofFrames),
    section('Answers of a backend of HTTP/1.1', responseCases, ofResponse),
    section('Answers of a backend of HTTP/2', frameAnswerCases, ofFrameAnswer),
  ].join('\n');
}

function section<Case extends SmugglingCase>(
  title: string,
  cases: readonly Case[],
  outcome: (each: Case) => string,
): string {
  const rows = cases.map((each) =>
    [each.group, each.name, outcome(each), source(each.source)].map(cell).join(' | '),
  );
  return [
    `## ${title}`,
    '',
    '| group | case | outcome | seen or said in |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

function ofRequest({ upstream, refused, waits, closes }: RequestCase): string {
  const parts = upstream.length === 0 ? [] : [requests(upstream.length)];
  if (refused !== undefined) parts.push(`${refused}, closed`);
  if (waits !== undefined) parts.push('the rest is waited for');
  if (closes) parts.push('closed');
  return parts.join(', then ');
}

function ofFrames({ upstream, reset, status }: FrameCase): string {
  if (reset !== undefined) return 'stream reset: PROTOCOL_ERROR';
  return status === undefined ? requests(upstream.length) : String(status);
}

function ofResponse({ client, cut, reused }: ResponseCase): string {
  const heard = cut
    ? 'the client is cut off'
    : client[0]?.length === 3 && client[0] === '502'
      ? '502'
      : 'passed on';
  return `${heard}; ${reused ? 'the connection is kept' : 'the connection is not used again'}`;
}

function ofFrameAnswer({ client }: FrameAnswerCase): string {
  if (client === 'cut') return 'the client is cut off';
  return client === '502' ? client : 'passed on, framed anew';
}

const requests = (count: number): string => (count === 1 ? 'one request' : `${count} requests`);

const source = (text: string): string =>
  text.replace(/https:\/\/([^\s,]+)/g, (url, rest) => `[${String(rest).split('/')[0]}](${url})`);

const cell = (text: string): string => text.replaceAll('|', '\\|');
