import { resourceName } from '@tulle/control-plane/analyze/format';
import { type Level, levels } from '@tulle/control-plane/analyze/message';
import { formatPlace } from '../explain/mesh-files.ts';
import type { Palette } from '../output/color.ts';
import { fold } from '../output/fold.ts';
import type { Analysis } from './sources.ts';

/**
 * Findings grouped by code, the worst first: what it means once, then each place.
 * @param columns of the terminal; undefined: a line each, for other programs
 */
export function renderAnalysis(
  { resources, findings }: Analysis,
  paint: Palette,
  columns: number | undefined,
): string {
  const hanging = (text: string): string =>
    (columns === undefined ? [text] : fold(text, columns - 4))
      .map((line, at) => `${at === 0 ? '  ' : '    '}${line}`)
      .join('\n');
  const groups = Map.groupBy(findings, ({ finding }) => finding.message);
  const color: Record<Level, (text: string) => string> = {
    Error: paint.red,
    Warning: paint.yellow,
    Info: paint.blue,
  };
  const texts = [...groups].map(([message, found]) =>
    [
      `${color[message.level](message.level)} [${message.code}] ${paint.bold(message.name)}`,
      ...found.map(({ finding, place }) => {
        const { path } = finding.origin;
        const where = place === undefined ? '' : `${formatPlace(place)}: `;
        return hanging(`${where}${resourceName(finding)}${path === '' ? '' : ` ${path}`}: ${finding.detail}`);
      }),
      paint.dim(hanging(`What follows: ${message.consequence}`)),
      paint.dim(hanging(`What to do: ${message.remedy}`)),
      '',
    ].join('\n'),
  );
  const counts = levels
    .map((level) => ({
      level,
      number: findings.filter(({ finding }) => finding.message.level === level).length,
    }))
    .filter(({ number }) => number > 0)
    .map(({ level, number }) => count(number, names[level]));
  const seen = count(resources, 'resource');
  return [
    ...texts,
    counts.length === 0 ? `Nothing found in ${seen}.` : `${counts.join(', ')} in ${seen}.`,
  ].join('\n');
}

const names: Record<Level, string> = { Error: 'error', Warning: 'warning', Info: 'note' };

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
