import { fieldsOf, isJsonObject } from '@tulle/resources/json-object';
import type { Condition } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import { formatProblem } from '@tulle/resources/problem';
import type { Finding as Found } from '../analyze/message.ts';
import type { Count } from './tally.ts';

/** A condition without its time: what is compared. */
export type Finding = Omit<Condition, 'lastTransitionTime'>;

/** As many refusals and problems as a condition spells out. */
const maxNamed = 5;

/**
 * `Applied`: True AllProxies, False Partial or Rejected, Unknown NotReferenced when no proxy needs it.
 * @param count undefined: nothing that any proxy has stems from the resource
 */
export function appliedCondition(count: Count | undefined, generation: number): Finding {
  const type = 'Applied';
  if (count === undefined || count.total === 0) {
    return {
      type,
      status: 'Unknown',
      reason: 'NotReferenced',
      message: 'no connected proxy needs it',
      observedGeneration: generation,
    };
  }
  const { applied, total, rejections } = count;
  const message = [`Applied ${applied}/${total}`, ...rejections.slice(0, maxNamed).map(nameRejection)];
  if (rejections.length > maxNamed) message.push(`and ${rejections.length - maxNamed} more`);
  return {
    type,
    status: applied === total ? 'True' : 'False',
    reason: rejections.length > 0 ? 'Rejected' : applied === total ? 'AllProxies' : 'Partial',
    message: message.join('; '),
    observedGeneration: count.generation,
  };
}

const nameRejection = ({ proxy, reason }: Count['rejections'][number]): string => `${proxy}: ${reason}`;

/** `Accepted`: False when a part of it can't have effect as written, True with or without warnings. */
export function acceptedCondition(problems: readonly Problem[], generation: number): Finding {
  const worst = problems.find((problem) => problem.severity === 'error') ?? problems[0];
  const lines = problems.slice(0, maxNamed).map(formatProblem);
  if (problems.length > maxNamed) lines.push(`and ${problems.length - maxNamed} more`);
  return {
    type: 'Accepted',
    status: worst?.severity === 'error' ? 'False' : 'True',
    reason: worst === undefined ? 'Accepted' : pascalCase(worst.code),
    message: lines.join('; '),
    observedGeneration: generation,
  };
}

/** `Analyzed`: False when requests are lost by what was found across resources. */
export function analyzedCondition(findings: readonly Found[], generation: number): Finding {
  const [worst] = findings;
  const lines = findings
    .slice(0, maxNamed)
    .map(({ message: { level, code }, origin: { path }, detail }) =>
      [level, `[${code}]`, path === '' ? detail : `${path}: ${detail}`].join(' '),
    );
  if (findings.length > maxNamed) lines.push(`and ${findings.length - maxNamed} more`);
  return {
    type: 'Analyzed',
    status: worst?.message.level === 'Error' ? 'False' : 'True',
    reason: worst?.message.name ?? 'NothingFound',
    message: lines.join('; '),
    observedGeneration: generation,
  };
}

/** `unknown-subset` ⇒ `UnknownSubset`: reasons are one word (metav1.Condition). */
function pascalCase(code: string): string {
  return code.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * A status with `findings` among its conditions; others' conditions stay, and so does the time of a
 * condition whose status did not turn. Gives the same object back when nothing differs.
 * @param now RFC 3339
 */
export function withConditions(status: unknown, findings: readonly Finding[], now: string): unknown {
  const current = fieldsOf(status);
  const known = Array.isArray(current.conditions) ? current.conditions.filter(isCondition) : [];
  const changed = findings.filter((finding) => !known.some((condition) => isSame(condition, finding)));
  if (changed.length === 0) return status;
  const conditions = known.map((condition) => {
    const next = changed.find((finding) => finding.type === condition.type);
    if (next === undefined) return condition;
    return {
      ...next,
      lastTransitionTime: next.status === condition.status ? condition.lastTransitionTime : now,
    };
  });
  for (const finding of changed) {
    if (!known.some((condition) => condition.type === finding.type)) {
      conditions.push({ ...finding, lastTransitionTime: now });
    }
  }
  return { ...current, conditions };
}

function isSame(condition: Condition, finding: Finding): boolean {
  return (
    condition.type === finding.type &&
    condition.status === finding.status &&
    condition.reason === finding.reason &&
    condition.message === finding.message &&
    condition.observedGeneration === finding.observedGeneration
  );
}

const isCondition = (value: unknown): value is Condition =>
  isJsonObject(value) && typeof value.type === 'string';
