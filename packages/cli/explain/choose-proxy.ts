import { Failure } from '../failure.ts';

/** Who may be meant by `--from`. */
export interface Candidate {
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
}

/**
 * The proxy that a user means: an instance, a workload (the first of its instances), or the beginning of a
 * workload's name, `productpage` for `productpage-v1`, where just one begins so. `ns/NAME` and `NAME.ns` say the
 * namespace.
 * @throws Failure when there is none, or several fit
 */
export function chooseProxy<C extends Candidate>(candidates: readonly C[], text: string): C {
  const [, slashed, dotted, namespace] = /^(?:([^/]+)\/)?([^./]+)(?:\.(.+))?$/.exec(text) ?? [];
  const wanted = slashed ?? namespace;
  const inNamespace = candidates
    .filter((one) => wanted === undefined || one.namespace === wanted)
    .toSorted((a, b) => compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`));
  const name = dotted ?? text;
  const exact = inNamespace.filter((one) => one.name === name);
  const ofWorkload = inNamespace.filter(({ workload }) => workload === name);
  const alike = inNamespace.filter(({ workload }) => workload.startsWith(`${name}-`));
  const found = [exact, ofWorkload, alike].find((some) => some.length > 0) ?? [];
  const workloads = new Set(found.map((one) => `${one.namespace}/${one.workload}`));
  const [first] = found;
  if (first !== undefined && workloads.size === 1) return first;
  const known = (first === undefined ? candidates : found).map((one) => `  ${one.name}.${one.namespace}`);
  const what =
    first === undefined ? `there is no proxy "${text}". There are:` : `several proxies fit "${text}":`;
  throw new Failure([what, ...known].join('\n'));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
