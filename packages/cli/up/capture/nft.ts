import { execFile } from 'node:child_process';
import { Failure } from '../../failure.ts';

/** Runs nft and gives what it prints. @throws Failure with what it says, or that it is missing */
export type Nft = (args: readonly string[], input?: string) => Promise<string>;

export const nft: Nft = (args, input) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
    const child = execFile('nft', [...args], { env, timeout: 10_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT')
        reject(new Failure('capture transparent needs nft (package nftables)'));
      else reject(new Failure(`nft: ${stderr.trim() || error.message}`));
    });
    // It may end without having read everything: its exit says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });

/** Names of the `inet` tables in this network namespace. */
export async function inetTables(run: Nft): Promise<string[]> {
  const listed = JSON.parse(await run(['-j', 'list', 'tables', 'inet'])) as {
    readonly nftables: readonly { readonly table?: { readonly name: string } }[];
  };
  return listed.nftables.flatMap(({ table }) => table?.name ?? []);
}
