import type { Problem } from '@tulle/resources/problem';
import type { FileContents } from './read-files.ts';

/** The option of commands that take files as people have them: routes beside Deployments, Rollouts, Certificates. */
export const skipForeignKinds = [
  '--skip-unknown-kinds',
  'leave out resources of kinds that Tulle does not have, with a warning each',
] as const;

const isForeign = ({ code }: Problem): boolean => code === 'foreign-kind';

/** Resources of others' kinds are left out, with a warning each, instead of being errors. */
export function withoutForeign(contents: FileContents): FileContents {
  const problems = contents.problems.map(
    (problem): Problem =>
      isForeign(problem)
        ? { ...problem, severity: 'warning', path: '', message: `skipped: ${problem.message}` }
        : problem,
  );
  return { ...contents, problems };
}

/** What else could be done about these errors. */
export const foreignHint = (errors: readonly Problem[]): string =>
  errors.some(isForeign) ? `; ${skipForeignKinds[0]} leaves out what is of others’ kinds` : '';
