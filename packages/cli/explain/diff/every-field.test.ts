import { readFileSync } from 'node:fs';
import type { Resource } from '@tulle/resources/kind';
import { validateResource } from '@tulle/resources/validate';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readResourceFiles } from '../../apply/read-files.ts';
import { palette } from '../../output/color.ts';
import { meshFilesOf } from '../mesh-files.ts';
import { modelOf, modelOfFiles, resourcesOf } from '../mesh-model.ts';
import { changedResources } from './changed-resources.ts';
import { compare } from './compare.ts';
import { factsOf } from './facts.ts';
import { renderDifferences } from './render.ts';

/** Each change of a field of traffic management, as diff tells it (`fields/`): whoever wrote it must know the words. */
const folder = `${import.meta.dirname}/fields`;
const changes: Record<string, readonly object[]> = parse(readFileSync(`${folder}/changes.yaml`, 'utf8'));

const { resources } = meshFilesOf(
  await readResourceFiles(['mesh.yaml'], { cwd: folder, stdin: process.stdin }),
);
const { model, instances, proxies } = await modelOfFiles(resources);
const present = [...model.config.resources.values()];
const base = proxies.map((proxy) => ({
  proxy,
  workload: `${proxy.metadata.NAMESPACE}/${proxy.metadata.WORKLOAD_NAME}`,
  before: factsOf(resourcesOf(model, proxy)),
}));

/** Envoy's words, and ways to write them: `filterChainMatch`, `outbound|80||…`. */
const foreign = [
  /\b(?!KiB\b)[a-z]+[A-Z][a-z]/,
  /\||envoy/i,
  /\b(?:cluster|blackhole|passthrough|typed|config|upstream|downstream)\b/i,
];
/** `cluster.local` is a domain. */
const isForeign = (line: string): boolean =>
  foreign.some((words) => words.test(line.replaceAll('cluster.local', '')));

// Two hundred meshes are compiled: much work, and nothing else to wait for.
test.each(Object.entries(changes))('%s', { timeout: 300_000 }, async (target, patches) => {
  const told = patches.map((patch) => ({ patch, text: toldOf(target, patch) }));
  for (const { text } of told) {
    const lines = text.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter(isForeign)).toEqual([]);
  }
  const all = told.map(({ patch, text }) => `# ${JSON.stringify(patch)}\n${text}`).join('\n');
  await expect(all).toMatchFileSnapshot(`${folder}/${target.replace(' ', '-')}.txt`);
});

function toldOf(target: string, patch: object): string {
  const old = present.find(({ kind, metadata }) => target === `${kind} ${metadata.name}`);
  const { resource, problems } = validateResource({ ...old, spec: merged(old?.spec, patch) });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  const after = modelOf(changedResources(present, [resource as Resource], false), instances);
  const differences = compare(
    base.map(({ proxy, ...rest }) => ({ ...rest, after: factsOf(resourcesOf(after, proxy)) })),
  );
  return renderDifferences(differences, palette(false));
}

/** Lists by position; null takes a field away, and leaves an item of a list as it is. */
function merged(old: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) {
    const items = Array.isArray(old) ? old : [];
    const length = Math.max(items.length, patch.length);
    return Array.from({ length }, (_, at) => merged(items[at], patch[at] ?? {}));
  }
  if (typeof patch !== 'object' || patch === null) return patch;
  if (Object.keys(patch).length === 0 && typeof old === 'string') return old;
  const object: Record<string, unknown> = { ...(typeof old === 'object' ? old : {}) };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete object[field];
    else object[field] = merged(object[field], value);
  }
  return object;
}
