import type { ResourceLimits } from '../workload-plan.ts';

/** `ulimit` letter and value, in the units that it takes. */
function ulimits({ memoryBytes, openFiles, processes }: ResourceLimits): string[] {
  return [
    ...(memoryBytes === undefined ? [] : [`ulimit -d ${Math.ceil(memoryBytes / 1024)}`]),
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    // dash says -p, bash and zsh -u.
    ...(processes === undefined ? [] : [`{ ulimit -u ${processes} 2>/dev/null || ulimit -p ${processes}; }`]),
  ];
}

/**
 * The command behind its limits: a shell sets them and becomes the command. The command's words are handed
 * over as arguments, so nothing in them is interpreted. Without limits there is no shell.
 */
export function limitedCommand(
  command: readonly [string, ...string[]],
  limits: ResourceLimits,
): readonly [string, ...string[]] {
  const set = ulimits(limits);
  if (set.length === 0) return command;
  return ['/bin/sh', '-c', `${set.join(' && ')} && exec "$@"`, 'sh', ...command];
}
