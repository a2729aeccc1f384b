import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** Absolute path of the Envoy to run: `TULLE_ENVOY`, else the first `envoy` on the PATH; undefined if there is none. */
export function findEnvoy(env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates =
    env.TULLE_ENVOY === undefined
      ? folders.map((folder) => resolve(folder, 'envoy'))
      : [resolve(env.TULLE_ENVOY)];
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
