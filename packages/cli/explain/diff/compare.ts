import { type Facts, routeOrder, type Subject } from './facts.ts';
import { plainFact } from './plain-words.ts';
import { destination } from './route-facts.ts';
import { isUsual } from './usual.ts';

/** One difference in behaviour, and who sees it. */
export interface Difference {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: Subject['kind'];
  /** Of a route: its virtual host. */
  readonly host?: string;
  readonly name: string;
  /** What differs; of what is added or removed just where it leads. */
  readonly facts: readonly FactChange[];
  /** `namespace/workload`, sorted. */
  readonly workloads: readonly string[];
}

export interface FactChange {
  readonly fact: string;
  readonly before?: string;
  readonly after?: string;
}

type Subjects = ReadonlyMap<string, Subject>;

/** What differs for each proxy, each difference told once. @param proxies by `namespace/workload` */
export function compare(
  proxies: Iterable<{ readonly workload: string; readonly before: Subjects; readonly after: Subjects }>,
): Difference[] {
  const found = new Map<
    string,
    { readonly difference: Omit<Difference, 'workloads'>; readonly workloads: Set<string> }
  >();
  for (const { workload, before, after } of proxies) {
    for (const difference of differences(before, after)) {
      const key = JSON.stringify(difference);
      const known = found.get(key) ?? { difference, workloads: new Set<string>() };
      known.workloads.add(workload);
      found.set(key, known);
    }
  }
  return [...found.values()].map(({ difference, workloads }) => ({
    ...difference,
    workloads: [...workloads].toSorted(),
  }));
}

function* differences(before: Subjects, after: Subjects): Iterable<Omit<Difference, 'workloads'>> {
  for (const [key, subject] of after) {
    const old = before.get(key);
    if (old === undefined) {
      if (!isImplied(subject, before, after))
        yield described('added', subject, [...edges(subject.facts, 'after'), ...unusual(subject)]);
      continue;
    }
    const facts = factChanges(old, subject);
    if (facts.length > 0) yield described('changed', subject, facts);
  }
  for (const [key, subject] of before)
    if (!after.has(key) && !isImplied(subject, after, before))
      yield described('removed', subject, edges(subject.facts, 'before'));
}

function described(
  change: Difference['change'],
  { kind, host, name }: Subject,
  facts: readonly FactChange[],
): Omit<Difference, 'workloads'> {
  return { change, kind, ...(host === '' ? {} : { host }), name, facts };
}

/** A cluster brings its endpoints, and a host what it is called for CONNECT: that goes without saying. */
function isImplied(subject: Subject, without: Subjects, withIt: Subjects): boolean {
  if (subject.kind === 'route') return subject.name === 'method is CONNECT';
  if (subject.kind !== 'endpoints') return false;
  const key = `cluster  ${subject.name}  0`;
  return withIt.has(key) && !without.has(key);
}

const edges = (facts: Facts, side: 'before' | 'after'): FactChange[] => {
  const to = facts.get(destination);
  return to === undefined ? [] : [{ fact: destination, [side]: to }];
};

/** What a new route does besides leading somewhere, as far as not every route does. */
function unusual({ kind, host, facts, forwarding }: Subject): FactChange[] {
  if (kind !== 'route') return [];
  return [...facts, ...(forwarding ?? [])]
    .filter(([fact, value]) => fact !== destination && !isUsual(host, fact, value))
    .map(([fact, after]) => ({ fact, after }));
}

/** All that is true of a route, unless the other has no such action. */
const comparable = ({ facts, forwarding }: Subject, other: Subject): Facts =>
  forwarding === undefined || other.forwarding === undefined ? facts : new Map([...facts, ...forwarding]);

function factChanges(old: Subject, now: Subject): FactChange[] {
  const [before, after] = [comparable(old, now), comparable(now, old)];
  const gone = summarized(before, after);
  const come = summarized(after, before);
  const all = [...new Set([...before.keys(), ...after.keys()])].flatMap((fact): FactChange[] => {
    if (gone.inside(fact) || come.inside(fact)) return [];
    const [was, is] = [before.get(fact), after.get(fact)];
    if (was === is) return [];
    if (fact === routeOrder && sameOrder(was ?? '', is ?? '')) return [];
    return [
      { fact, ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) },
    ];
  });
  return [
    ...all,
    ...gone.tops.map((fact) => ({ fact, before: gone.text(fact) })),
    ...come.tops.map((fact) => ({ fact, after: come.text(fact) })),
  ].map((change) => ({ ...change, fact: plainFact(change.fact) }));
}

/** What is new under one path is told whole up to so many characters. */
const longest = 240;
/** So many facts under one path that is new are told as one: a filter chain, a TLS context. */
const fewFacts = 4;

function summarized(
  facts: Facts,
  others: Facts,
): {
  readonly tops: readonly string[];
  readonly inside: (fact: string) => boolean;
  readonly text: (top: string) => string;
} {
  const known = new Set([...others.keys()].flatMap(ancestors));
  const byTop = Map.groupBy(
    [...facts.keys()].filter((fact) => !others.has(fact)),
    (fact) => ancestors(fact).find((path) => !known.has(path)) ?? fact,
  );
  const tops = [...byTop].filter(([, some]) => some.length > fewFacts).map(([top]) => top);
  const hidden = new Set(tops.flatMap((top) => byTop.get(top) ?? []));
  const text = (top: string): string => {
    const said = (byTop.get(top) ?? [])
      .filter((fact) => fact !== top)
      .map((fact) => `${fact.slice(top.length).replace(/^\./, '')} ${facts.get(fact)}`)
      .join(', ');
    return said.length > 0 && said.length <= longest ? said : 'there';
  };
  return { tops, inside: (fact) => hidden.has(fact), text };
}

/** `a[x.y].b` ⇒ `a`, `a[x.y]`, `a[x.y].b`: dots of names do not count. */
function ancestors(path: string): string[] {
  const ends = [...path.matchAll(/\.(?![^[\]]*\])|\[/g)].map(({ index }) => path.slice(0, index));
  return [...ends, path];
}

/** Routes that come or go are told as such: of the others only the order counts. */
function sameOrder(before: string, after: string): boolean {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const common = (some: readonly string[], others: readonly string[]): string =>
    some.filter((one) => others.includes(one)).join('\n');
  return common(old, now) === common(now, old);
}
