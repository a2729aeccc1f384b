/** What README and guide say to type, and to write: every command parses, every resource is valid. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseResources } from '@tulle/resources/parse';
import { formatProblem } from '@tulle/resources/problem';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { commands } from './commands/index.ts';
import { parseSelection } from './commands/options/kind-arguments.ts';
import type { Io } from './io.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs/guide')).map((name) => `docs/guide/${name}`),
  ...['', 'blue-green/', 'bookinfo/', 'buggy-green/', 'colors/'].map((at) => `examples/${at}README.md`),
].map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }));

const io: Io = {
  stdin: new PassThrough().end(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  cwd: root,
  now: () => 0,
  interrupted: new AbortController().signal,
};

/** A command that says what is wrong with its words, and does nothing. */
async function parserOf(name: string): Promise<Command> {
  const entry = commands.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`there is no command ${name}`);
  const command = new Command(name)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  (await entry.load()).define(command, io);
  return command.action(() => {});
}

/** As a shell divides a line, as far as examples need it: quotes, and what comes after `|`, `<` or ` #`. */
function wordsOf(line: string): string[] {
  const [own = ''] = line.replace(/\s#.*$/, '').split(/\s[|<]\s/);
  return [...own.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ''));
}

async function check(line: string): Promise<void> {
  const [name = '', ...words] = wordsOf(line);
  const command = (await parserOf(name)).parse(words, { from: 'user' });
  const selects = name === 'get' || name === 'describe' || name === 'delete';
  if (selects && command.args.length > 0) parseSelection(command.args);
}

describe.each(pages)('$page', ({ text }) => {
  const typed = [...text.matchAll(/^ {4}(?:npx )?tulle (.*)$/gm)].map(([, line = '']) => line);
  test.runIf(typed.length > 0)('every command has its arguments and options', async () => {
    for (const line of typed) await check(line);
  });

  const documents = written(text);
  test.runIf(documents.length > 0)('every resource is valid', () => {
    for (const document of documents) {
      const { documents: found, problems } = parseResources(document, { file: 'block' });
      const errors = [...problems, ...found.flatMap((one) => one.problems)]
        .filter(({ severity }) => severity === 'error')
        .map(formatProblem);
      expect(errors, document).toEqual([]);
    }
  });
});

test.each(commands.map(({ name }) => name))('%s --help: every example parses', async (name) => {
  const command = await parserOf(name);
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  const examples = [...help.matchAll(/^ {2}\$ (?:.*\| )?tulle (.*)$/gm)].map(([, line = '']) => line);
  expect(examples.length).toBeGreaterThan(0);
  for (const line of examples) await check(line);
});

/** The fenced YAML of a page. A part of a resource stands for the whole before it, from its own indentation on. */
function written(text: string): string[] {
  let whole = '';
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => {
    if (!block.startsWith('apiVersion:')) return continued(whole, block);
    whole = block;
    return block;
  });
}

function continued(whole: string, part: string): string {
  const depth = part.search(/\S/);
  const lines = whole.split('\n');
  const spec = lines.findIndex((line) => line.startsWith('spec:'));
  const cut = depth === 0 ? spec : lines.findIndex((line, at) => at > spec && line.search(/\S/) >= depth);
  return [...lines.slice(0, cut), part].join('\n');
}
