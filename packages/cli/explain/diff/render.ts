import type { Palette } from '../../output/color.ts';
import { fold } from '../../output/fold.ts';
import type { Difference, FactChange } from './compare.ts';
import { otherHosts } from './facts.ts';

const signs = { added: '+', removed: '-', changed: '~' } as const;
const names: Readonly<Record<Difference['kind'], string>> = {
  listener: 'listener',
  host: 'host',
  route: 'route',
  cluster: 'destination',
  endpoints: 'endpoints of',
};

/** Differences by who sees them, in lines of at most 80 columns as far as names allow. */
export function renderDifferences(differences: readonly Difference[], paint: Palette): string {
  if (differences.length === 0) return 'No proxy would do anything differently.\n';
  const lines: string[] = [];
  const bySeers = Map.groupBy(differences, ({ workloads }) => workloads.join('\n'));
  for (const some of bySeers.values()) {
    lines.push(...fold(`For ${workloadsText(some[0]?.workloads ?? [])}:`, 78).map(paint.bold));
    // What is the same of several (subsets, ports) is said once, under all their names.
    const alike = Map.groupBy(some, ({ change, kind, facts }) =>
      facts.length === 0 ? Symbol() : JSON.stringify([change, kind, facts]),
    );
    for (const each of alike.values()) {
      lines.push(...each.flatMap((difference) => titleLines(difference, paint)));
      const [{ change, facts }] = each as [Difference];
      lines.push(...facts.flatMap((fact) => factLines(fact, change)));
    }
    lines.push('');
  }
  return `${lines.join('\n')}`;
}

/** Names as far as they fit on a line or two. */
function workloadsText(workloads: readonly string[]): string {
  const shown = workloads.slice(0, 5).map((one) => one.replace(/^default\//, ''));
  const more = workloads.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function titleLines({ change, kind, host, name }: Difference, paint: Palette): string[] {
  const color = { added: paint.green, removed: paint.red, changed: paint.yellow }[change];
  const title = kind === 'route' ? `${host}: ${name}` : titleOf(kind, name);
  const [first = '', ...rest] = fold(title, 74);
  return [color(`  ${signs[change]} ${first}`), ...rest.map((line) => color(`      ${line}`))];
}

/** What has no name of its own says itself what it is: `the application at port 9080`. */
const titleOf = (kind: Difference['kind'], name: string): string =>
  name.startsWith('the application') || name === otherHosts ? name : `${names[kind]} ${name}`;

function factLines({ fact, before, after }: FactChange, change: Difference['change']): string[] {
  const text =
    change === 'changed'
      ? `${fact}: ${oneLine(before)} → ${oneLine(after)}`
      : `${fact}: ${oneLine(after ?? before)}`;
  return fold(text, 72).map((line, at) => `${' '.repeat(at === 0 ? 6 : 8)}${line}`);
}

const oneLine = (value: string | undefined): string => (value ?? 'none').trim().replaceAll('\n', ' | ');
