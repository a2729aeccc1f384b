/**
 * Generates the wire types into `gen/` (not committed): protobuf-es modules for the control plane, and of
 * them the field tables that the proxy reads (`generate-readers.ts`).
 *
 * The protos come from the npm package @grpc/grpc-js-xds. Their validation options do not compile against
 * the validate.proto that is shipped beside them, and nothing of ours reads options, so every option is
 * stripped first.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { generateReaders } from './generate-readers.ts';
import { generateRegistry } from './generate-registry.ts';
import { protoRoots } from './proto-roots.ts';

const require = createRequire(import.meta.url);
const here = import.meta.dirname;
const shipped = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const roots = [join(here, 'proto'), ...['envoy-api', 'xds', 'googleapis'].map((name) => join(shipped, name))];

/** Imports that only carry options. */
const optionImports =
  /^import\s+"(udpa\/annotations|xds\/annotations|envoy\/annotations|validate|google\/api\/annotations)[^"]*";[ \t\r]*$/gm;

/**
 * Removes comments, `option …;` statements and bracketed field options from a proto source. A reserved
 * range or a map type has no brackets, so a `[` outside a string always opens field options.
 */
function stripOptions(source: string): string {
  let out = '';
  for (let i = 0; i < source.length; ) {
    const rest = source.slice(i, i + 8);
    const token = source[i] as string;
    if (rest.startsWith('//')) i = endOf(source, '\n', i);
    else if (rest.startsWith('/*')) i = endOf(source, '*/', i) + 2;
    else if (token === '"' || token === "'") {
      const end = endOfString(source, i);
      out += source.slice(i, end);
      i = end;
    } else if (token === '[') i = endOfNesting(source, i);
    else if (rest.startsWith('option ') && /[\s;{}]$/.test(out.slice(-1) || '\n')) {
      const end = endOfStatement(source, i);
      // Without it an enumeration with two names for a value is an error.
      if (/^option\s+allow_alias\b/.test(source.slice(i, end))) out += source.slice(i, end);
      i = end;
    } else {
      out += token;
      i++;
    }
  }
  return out.replace(optionImports, '');
}

const endOf = (source: string, mark: string, from: number): number => {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at;
};

function endOfString(source: string, from: number): number {
  let i = from + 1;
  while (source[i] !== source[from]) i += source[i] === '\\' ? 2 : 1;
  return i + 1;
}

function endOfNesting(source: string, from: number): number {
  let depth = 0;
  let i = from;
  do {
    const token = source[i];
    if (token === '"' || token === "'") i = endOfString(source, i);
    else {
      if (token === '[' || token === '{') depth++;
      if (token === ']' || token === '}') depth--;
      i++;
    }
  } while (depth > 0);
  return i;
}

function endOfStatement(source: string, from: number): number {
  let i = from;
  while (source[i] !== ';') {
    const token = source[i];
    if (token === '"' || token === "'") i = endOfString(source, i);
    else if (token === '{') i = endOfNesting(source, i);
    else i++;
  }
  return i + 1;
}

function locate(proto: string): string | undefined {
  return roots.map((root) => join(root, proto)).find((path) => existsSync(path));
}

/** Copies the transitive closure of `names`, stripped, into `target`; returns how many files that is. */
function collect(names: readonly string[], target: string): number {
  const seen = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name) || name.startsWith('google/protobuf/')) continue;
    seen.add(name);
    const path = locate(name);
    if (path === undefined) throw new Error(`proto not found: ${name}`);
    const source = stripOptions(readFileSync(path, 'utf8'));
    for (const match of source.matchAll(/^import (?:public )?"([^"]+)";/gm)) queue.push(match[1] as string);
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), source);
  }
  return seen.size;
}

async function generate(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'tulle-protos-'));
  try {
    const files = collect(protoRoots, join(work, 'proto'));
    writeFileSync(join(work, 'buf.yaml'), 'version: v2\nmodules:\n  - path: proto\n');
    writeFileSync(
      join(work, 'buf.gen.yaml'),
      [
        'version: v2',
        'plugins:',
        `  - local: ["${process.execPath}", "${require.resolve('@bufbuild/protoc-gen-es/bin/protoc-gen-es')}"]`,
        '    out: gen',
        '    opt: [target=js+dts, import_extension=js]',
        '',
      ].join('\n'),
    );
    const buf = require.resolve('@bufbuild/buf/bin/buf');
    execFileSync(process.execPath, [buf, 'generate'], { cwd: work, stdio: 'inherit' });
    const gen = join(here, 'gen');
    rmSync(gen, { recursive: true, force: true });
    cpSync(join(work, 'gen'), gen, { recursive: true });
    await generateReaders(gen);
    generateRegistry(gen);
    const count = readdirSync(gen, { recursive: true }).length;
    process.stdout.write(
      `generated ${count} entries in ${relative(process.cwd(), gen)} from ${files} protos\n`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) await generate();
