/** The control plane's API as a client with the mesh's kubeconfig sees it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@tulle/resources/kind';

export interface Api {
  readonly url: string;
  /** @returns the decoded body; throws for a status of 400 and above */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Resource>;
}

/** Reaches the API of the mesh that keeps its state in `stateDir`. */
export function apiOf(stateDir: string): Api {
  const run = JSON.parse(readFileSync(join(stateDir, 'run/run.json'), 'utf8')) as { api: string };
  const token = readFileSync(join(stateDir, 'api-token'), 'utf8').trim();
  return {
    url: run.api,
    async request(method, path, body, contentType = 'application/json') {
      const answer = await fetch(`${run.api}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': contentType }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return JSON.parse(text) as Resource;
    },
  };
}
