import { readFileSync } from 'node:fs';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The ids of a user by name or number, `user` or `user:group`, from /etc/passwd and /etc/group.
 * @throws Error when there is no such user or group
 */
export function findUser(
  text: string,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): UserIds {
  const [user = '', group] = text.split(':');
  const entry = entries(read('/etc/passwd')).find(([name, , uid]) => name === user || uid === user);
  const uid = Number(entry?.[2] ?? user);
  if (!Number.isInteger(uid) || user === '') throw new Error(`no such user: ${user}`);
  if (group === undefined) return { uid, gid: Number(entry?.[3] ?? uid) };
  const gid = Number(entries(read('/etc/group')).find(([name]) => name === group)?.[2] ?? group);
  if (!Number.isInteger(gid) || group === '') throw new Error(`no such group: ${group}`);
  return { uid, gid };
}

function entries(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'));
}
