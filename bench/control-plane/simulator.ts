import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadCore } from '../system/cpu.ts';
import { type Program, startProgram } from '../system/program.ts';
import type { Command, Report, SimulatorConfig } from './simulator-messages.ts';

export type Reached = Extract<Report, { kind: 'reached' }>;

/** Proxies in a process of their own, on the core of the load. */
export class Simulator {
  readonly program: Program;
  /** Streams that ended by themselves so far, and why the last one did. */
  readonly lost = { count: 0, last: '' };
  #waiting: { kind: Report['kind']; resolve: (report: Report) => void }[] = [];

  constructor(folder: string, config: SimulatorConfig) {
    const file = join(folder, 'simulator.json');
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    const source = join(import.meta.dirname, 'simulator-program.ts');
    const args = ['--max-old-space-size=6144', source, file];
    this.program = startProgram(process.execPath, args, { core: loadCore, stdin: 'pipe' });
    const { stdout } = this.program.child;
    if (stdout === null) throw new Error('the simulator has no output');
    createInterface({ input: stdout }).on('line', (line) => this.#take(JSON.parse(line) as Report));
  }

  connect(quietMs: number): Promise<Reached> {
    const reached = this.#next('reached');
    this.#tell({ kind: 'connect', quietMs });
    return reached;
  }

  /** Resolves when it watches; what it gives resolves when all have what is watched for. */
  async watch(
    what: Omit<Extract<Command, { kind: 'watch' }>, 'kind'>,
  ): Promise<{ reached: Promise<Reached> }> {
    const reached = this.#next('reached');
    const watching = this.#next('watching');
    this.#tell({ kind: 'watch', ...what });
    await watching;
    return { reached };
  }

  #tell(command: Command): void {
    this.program.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  #next<K extends Report['kind']>(kind: K): Promise<Extract<Report, { kind: K }>> {
    return new Promise((resolve) => {
      this.#waiting.push({ kind, resolve: (report) => resolve(report as Extract<Report, { kind: K }>) });
    });
  }

  #take(report: Report): void {
    if (report.kind === 'lost') {
      this.lost.count++;
      this.lost.last = report.message;
      return;
    }
    const index = this.#waiting.findIndex(({ kind }) => kind === report.kind);
    const [found] = this.#waiting.splice(index, index < 0 ? 0 : 1);
    found?.resolve(report);
  }
}
