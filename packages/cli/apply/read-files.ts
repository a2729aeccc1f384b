import { readdirSync, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type ParsedDocument, type ParseResult, parseResources } from '@tulle/resources/parse';
import type { Problem } from '@tulle/resources/problem';
import { Failure, messageOf } from '../failure.ts';

/** Larger files are refused before they are read. */
const MAX_BYTES = 8 * 1024 * 1024;

/** One resource of a file, and the file. `-` is standard input. */
export interface FileDocument {
  readonly document: ParsedDocument;
  /** Absolute; undefined for standard input. */
  readonly file?: string;
}

export interface FileContents {
  readonly documents: readonly FileDocument[];
  /** All problems, those of documents included, in the files' order. */
  readonly problems: readonly Problem[];
}

/**
 * Reads what `-f` names: files, folders (their *.yaml, *.yml and *.json, not deeper, as kubectl) and `-`.
 * @throws Failure for a path that can't be read, or a folder without such files
 */
export async function readResourceFiles(
  paths: readonly string[],
  source: { readonly cwd: string; readonly stdin: Readable },
): Promise<FileContents> {
  const documents: FileDocument[] = [];
  const problems: Problem[] = [];
  for (const path of paths.flatMap((given) => (given === '-' ? [given] : filesAt(given, source.cwd)))) {
    const file = path === '-' ? undefined : path;
    const shown = file === undefined ? 'stdin' : shortest(file, source.cwd);
    const read = file === undefined ? await readStream(source.stdin) : await readOrRefuse(file, shown);
    const parsed =
      'problem' in read ? { documents: [], problems: [read.problem] } : await parse(read.bytes, shown);
    problems.push(...parsed.problems);
    for (const document of parsed.documents) {
      documents.push({ document, ...(file === undefined ? {} : { file }) });
      for (const problem of document.problems) if (!parsed.problems.includes(problem)) problems.push(problem);
    }
  }
  return { documents, problems };
}

/** Envoy's messages take long to load: only what is checked against them waits for that. */
async function parse(bytes: Uint8Array, file: string): Promise<ParseResult> {
  const parsed = parseResources(bytes, { file });
  if (!parsed.documents.some(({ resource }) => resource?.kind === 'EnvoyFilter')) return parsed;
  const { checkPatchValues } = await import('@tulle/control-plane/compile/patches/check-values');
  return parseResources(bytes, { file, check: checkPatchValues });
}

function filesAt(given: string, cwd: string): string[] {
  const path = resolve(cwd, given);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    throw new Failure(`${given}: ${describe(error)}`);
  }
  if (!isDirectory) return [path];
  const files = readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
  if (files.length === 0) throw new Failure(`${given}: no *.yaml, *.yml or *.json in this folder`);
  return files;
}

async function readOrRefuse(
  file: string,
  shown: string,
): Promise<{ bytes: Uint8Array } | { problem: Problem }> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      if (size > MAX_BYTES) return { problem: tooLarge(shown, size) };
    } finally {
      await handle.close();
    }
    return { bytes: await readFile(file) };
  } catch (error) {
    throw new Failure(`${shown}: ${describe(error)}`);
  }
}

async function readStream(stdin: Readable): Promise<{ bytes: Uint8Array } | { problem: Problem }> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stdin) {
    const bytes = Buffer.from(part as Uint8Array);
    size += bytes.length;
    if (size > MAX_BYTES) return { problem: tooLarge('stdin', size) };
    parts.push(bytes);
  }
  return { bytes: Buffer.concat(parts) };
}

function tooLarge(file: string, size: number): Problem {
  return {
    severity: 'error',
    code: 'too-large',
    path: '',
    message: `is ${Math.ceil(size / 2 ** 20)} MiB large; at most ${MAX_BYTES / 2 ** 20} MiB are read`,
    position: { file, line: 1, column: 1 },
  };
}

function shortest(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short === '' || short.startsWith('..') ? file : short;
}

function describe(error: unknown): string {
  const message = messageOf(error);
  if (message.startsWith('ENOENT')) return 'no such file or folder';
  if (message.startsWith('EACCES')) return 'not allowed to read it';
  return message;
}
