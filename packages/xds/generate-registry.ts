/**
 * Writes `gen/registry.js` and `gen/registry.d.ts`: every message that `proto-roots.ts` reaches, by name. Who turns
 * users' JSON into messages (EnvoyFilter) looks types up there.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes one module that knows all generated files, for what must find a message by its type URL. */
export function generateRegistry(gen: string): void {
  const modules = readdirSync(gen, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('_pb.js'))
    .sort();
  const imports = modules.map((file, index) => {
    const name = /^export const (file_\w+)/m.exec(readFileSync(join(gen, file), 'utf8'))?.[1];
    if (name === undefined) throw new Error(`${file} has no file descriptor`);
    return `import { ${name} as f${index} } from './${file}';`;
  });
  const known = '@bufbuild/protobuf/wkt';
  const wellKnown = ['any', 'duration', 'empty', 'struct', 'timestamp', 'wrappers'].map(
    (name) => `file_google_protobuf_${name}`,
  );
  const script = [
    "import { createRegistry } from '@bufbuild/protobuf';",
    `import { ${wellKnown.join(', ')} } from '${known}';`,
    ...imports,
    `export const registry = createRegistry(${[...wellKnown, ...modules.map((_, index) => `f${index}`)].join(', ')});`,
    '',
  ].join('\n');
  const types = [
    "import type { Registry } from '@bufbuild/protobuf';",
    'export declare const registry: Registry;',
    '',
  ].join('\n');
  for (const [file, text] of [
    ['registry.d.ts', types],
    ['registry.js', script],
  ] as const) {
    // Others may read the folder now: a file is there whole or not at all.
    writeFileSync(join(gen, `.${file}`), text);
    renameSync(join(gen, `.${file}`), join(gen, file));
  }
}
