import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';

/** Rotated when larger than this; one older file (`.1`) is kept. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/**
 * Opens a log, readable by its owner alone, for a child to write to by itself: a line then costs the
 * supervisor nothing, and the child's last words are kept even when the supervisor is gone.
 */
export function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}

/**
 * Keeps a log bounded while its writer holds it open: copy, then truncate. Appending writers go on at the
 * new end; a line written between the two steps is lost.
 */
export function rotateLog(path: string, limit = MAX_LOG_BYTES): boolean {
  if (!existsSync(path) || statSync(path).size <= limit) return false;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
  return true;
}

/** The last `count` lines, those of the rotated file included where the newer one is too short. */
export function lastLines(path: string, count: number): string[] {
  const newer = existsSync(path) ? tail(path, count) : [];
  const older = `${path}.1`;
  if (newer.length >= count || !existsSync(older)) return newer;
  return [...tail(older, count - newer.length), ...newer];
}

/** Reads from the end in blocks until there are enough line ends. */
function tail(path: string, count: number): string[] {
  if (count <= 0) return [];
  const block = 64 * 1024;
  const fd = openSync(path, constants.O_RDONLY);
  try {
    let at = statSync(path).size;
    const parts: Buffer[] = [];
    let lineEnds = 0;
    while (at > 0 && lineEnds <= count) {
      const length = Math.min(block, at);
      at -= length;
      const part = Buffer.alloc(length);
      readSync(fd, part, 0, length, at);
      for (const byte of part) if (byte === 0x0a) lineEnds++;
      parts.unshift(part);
    }
    const lines = Buffer.concat(parts).toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    closeSync(fd);
  }
}

/** The one line that says most about an end: the last that names an error, else the last with text. */
export function lastWords(path: string): string | undefined {
  const lines = lastLines(path, 30).filter((line) => line.trim() !== '' && !/^Node\.js v\d/.test(line));
  return (
    lines.findLast((line) => /error/i.test(line) && !/^\s+at /.test(line))?.trim() ?? lines.at(-1)?.trim()
  );
}
