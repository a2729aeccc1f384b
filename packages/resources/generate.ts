/**
 * Writes what follows from the schemas: `node packages/resources/generate.ts [FOLDER]` (docs/reference by default)
 * writes Markdown pages, `schemas/KIND.json` and `schemas/all.json` for editors, and `crds.yaml`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crdYaml } from './crd.ts';
import { jsonSchema, jsonSchemaOfAll } from './json-schema.ts';
import { kinds } from './kinds.ts';
import { generateReference } from './reference.ts';

/** All generated files by path. */
export function generatedFiles(): Record<string, string> {
  const json = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`;
  return {
    ...generateReference(),
    ...Object.fromEntries(kinds.map((kind) => [`schemas/${kind.singular}.json`, json(jsonSchema(kind))])),
    'schemas/all.json': json(jsonSchemaOfAll()),
    'crds.yaml': crdYaml(),
  };
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(import.meta.dirname, '../../docs/reference');
  for (const [name, text] of Object.entries(generatedFiles())) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
