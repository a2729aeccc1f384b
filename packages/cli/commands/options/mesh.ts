import type { Command } from 'commander';

/** Which mesh a command is about, where several run. */
export function addMeshOptions(command: Command): Command {
  return command
    .option('--mesh <name>', 'the mesh, where several run')
    .option('--state <folder>', "the mesh's state folder (also TULLE_STATE)");
}
