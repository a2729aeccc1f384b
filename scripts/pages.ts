/**
 * What pages say of the repository: that each link leads to something, that each source file in backquotes is one, and
 * that each room of `packages/` has its README. Pages of `docs/reference/` are made by setup.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => existsSync(join(root, file)));

/** Every ending of a path at a folder's border: `a/b.ts`, `b.ts`. */
const endings = new Set<string>();
for (const file of listed) {
  const parts = file.split('/');
  for (let at = 0; at < parts.length; at++) endings.add(parts.slice(at).join('/'));
}

const linkPattern = /\]\((?![a-z]+:)([^)#\s]+)/g;
const sourcePattern = /`((?:\.\.?\/)*)([\w@./-]+\.(?:ts|mjs))`/g;

const problems: string[] = [];
// What was true of a release stays as it was.
const pages = listed.filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md');
for (const page of pages) {
  const lines = readFileSync(join(root, page), 'utf8').split('\n');
  for (const [at, line] of lines.entries()) {
    for (const [, link = ''] of line.matchAll(linkPattern))
      if (!existsSync(join(root, dirname(page), link)))
        problems.push(`${page}:${at + 1} ${link}: no such page`);
    for (const [, up = '', name = ''] of line.matchAll(sourcePattern)) {
      const exists = up === '' ? endings.has(name) : existsSync(join(root, dirname(page), up + name));
      if (!exists) problems.push(`${page}:${at + 1} ${up}${name}: no such file`);
    }
  }
}

const rooms = new Set(
  listed.filter((file) => /^packages\/[^/]+\/.*\.ts$/.test(file)).map((file) => dirname(file)),
);
for (const room of rooms)
  if (!listed.includes(`${room}/README.md`)) problems.push(`${room}: has no README.md`);

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${pages.length} pages, ${rooms.size} rooms, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
