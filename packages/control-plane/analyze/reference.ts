import { compare } from '../model/origin.ts';
import { analyzers } from './analyzers.ts';
import { documentMessages } from './document-messages.ts';
import type { Message } from './message.ts';

/** Every message there is, by code. */
const allMessages: readonly Message[] = [
  ...documentMessages,
  ...analyzers.flatMap(({ messages }) => messages),
].toSorted((a, b) => compare(a.code, b.code));

/** The page `docs/reference/analysis.md`. */
export function analysisReference(): string {
  return [
    '<!-- Generated from packages/control-plane/analyze by generate.ts; do not edit. -->',
    '# Analysis',
    '',
    'What `tulle analyze` and the condition `Analyzed` say. `IST` codes are those of `istioctl analyze`, where the finding',
    'is the same; levels can differ where Tulle does what Istio leaves open.',
    '',
    '| code | name | level |',
    '|---|---|---|',
    ...allMessages.map(
      ({ code, name, level }) => `| [${code}](#${code.toLowerCase()}) | ${name} | ${level} |`,
    ),
    '',
    ...allMessages.flatMap(({ code, name, level, about, consequence, remedy }) => [
      `## ${code}`,
      '',
      `**${name}** (${level}). ${about}`,
      '',
      `- What follows: ${consequence}`,
      `- What to do: ${remedy}`,
      '',
    ]),
  ].join('\n');
}
