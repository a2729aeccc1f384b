import { findKind } from '@tulle/resources/kinds';
import type { Command } from 'commander';
import { isApiError } from '../api/api-error.ts';
import { connect } from '../api/connect.ts';
import { displayName } from '../apply/applicable.ts';
import { Failure } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';

interface DeregisterOptions {
  readonly namespace: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<name>', 'the entry, as it was registered')
    .option('-n, --namespace <name>', 'namespace', 'default')
    .addHelpText('after', example('tulle deregister vm'))
    .action((name: string, _: unknown, self: Command) =>
      deregister(name, self.optsWithGlobals<DeregisterOptions>(), io),
    );
}

async function deregister(name: string, options: DeregisterOptions, io: Io): Promise<void> {
  const kind = findKind('networking.istio.io/v1', 'WorkloadEntry');
  if (kind === undefined) throw new Error('WorkloadEntry is no kind');
  const { client } = connect(options, io);
  try {
    await client.delete(kind, options.namespace, name);
  } catch (error) {
    if (isApiError(error, 404))
      throw new Failure(`nothing is registered as ${name} in namespace ${options.namespace}`);
    throw error;
  }
  print(io, `${displayName(kind, name)} deleted`);
}
