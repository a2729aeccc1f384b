/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/**
 * A command that can't go on, said in words for its user. `main` prints the message without a stack and
 * exits with the code. An empty message means that everything has been printed already.
 */
export class Failure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** Wrong use of a command: exit code 2. */
export function usageError(message: string): Failure {
  return new Failure(`${message}\nSee --help.`, EXIT.usage);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
