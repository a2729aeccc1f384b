import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { Failure, messageOf, usageError } from '../../failure.ts';

/**
 * A bootstrap that somebody else has written.
 * @throws Failure for a file that is not there or not JSON
 */
export function readBootstrap(path: string): Bootstrap {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`can't read the bootstrap: ${messageOf(error)}`);
  }
  try {
    const bootstrap = JSON.parse(text) as Bootstrap;
    return { ...bootstrap, stateDir: resolve(bootstrap.stateDir) };
  } catch (error) {
    throw usageError(`${path} is no bootstrap: ${messageOf(error)}`);
  }
}

/**
 * Where a proxy whose certificate has expired gets another enrolment token: from the same file, once somebody has put
 * a new one there. The one that it was started with is spent.
 */
export function newTokenIn(path: string, { enrolmentToken: spent }: Bootstrap): () => Promise<string> {
  return async () => {
    const { enrolmentToken } = readBootstrap(path);
    if (enrolmentToken === undefined || enrolmentToken === spent)
      throw new Error(`put a new enrolmentToken into ${path}; it is looked for again`);
    return enrolmentToken;
  };
}
