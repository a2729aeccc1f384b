import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { Failure } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { renderDocument } from '../output/documents.ts';
import { VERSION } from '../version.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

interface VersionOptions {
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .option('-o, --output <format>', 'json')
    .addHelpText('after', example('tulle version', 'tulle version -o json'))
    .action((_: unknown, self: Command) => version(self.optsWithGlobals<VersionOptions>(), io));
}

async function version(options: VersionOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json']);
  const server = await serverVersion(options, io);
  const versions = {
    tulle: VERSION,
    node: process.versions.node,
    ...(server === undefined ? {} : { controlPlane: server }),
  };
  if (format === 'json') return print(io, renderDocument(versions, 'json'));
  print(io, `tulle ${versions.tulle}`);
  print(io, `node ${versions.node}`);
  print(io, server === undefined ? 'no mesh is running' : `control plane ${server}`);
}

/** Undefined: no mesh runs, which is no failure of this command. @throws what the API answers, or that it does not */
async function serverVersion(options: VersionOptions, io: Io): Promise<string | undefined> {
  let client: ApiClient;
  try {
    client = connect(options, io).client;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
  const answer = await client.request('GET', '/version');
  return (answer as { gitVersion?: string }).gitVersion;
}
