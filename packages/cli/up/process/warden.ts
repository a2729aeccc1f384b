import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessIdentity } from './process-identity.ts';

/**
 * The warden outlives a supervisor that is killed -9 and ends what it left. Proxies and control plane see
 * their own pipe close; the applications know nothing of Tulle, so somebody must end them: one shell for the
 * whole mesh (about 1 MB), which reads what is running from its pipe and acts when the pipe closes.
 *
 * Lines: `+ app|proxy PID START`, `- PID`, and `bye` when the supervisor has ended everything itself.
 * First the proxies get 5 s to drain (their applications still serve), then applications get SIGTERM and 3 s,
 * then all that is left gets SIGKILL, each by process group and only while pid and start time still match.
 */
const SCRIPT = `
trap '' INT HUP TERM
nl='
'
list=''
alive() {
  if [ -d /proc/self ]; then
    { IFS= read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
    set -- "$2" \${stat##*) }
    [ "$2" != Z ] && [ "\${21}" = "$1" ]
  else
    [ "$(LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ')" = "$2" ]
  fi
}
each() {
  rest=$list found=1
  while [ -n "$rest" ]; do
    entry=\${rest%%"$nl"*} rest=\${rest#*"$nl"}
    role=\${entry%% *} entry=\${entry#* } pid=\${entry%% *} start=\${entry#* }
    case $2 in "$role"|any) ;; *) continue ;; esac
    alive "$pid" "$start" || continue
    found=0
    [ "$1" = look ] || kill "-$1" "-$pid" 2>/dev/null
  done
  return $found
}
wait_for() {
  left=$2
  while [ "$left" -gt 0 ] && each look "$1"; do sleep 0.1; left=$((left - 1)); done
}
while IFS= read -r line; do
  case $line in
    bye) exit 0 ;;
    '+ '*) list="$list\${line#+ }$nl" ;;
    '- '*)
      gone=\${line#- } kept=''
      while [ -n "$list" ]; do
        entry=\${list%%"$nl"*} list=\${list#*"$nl"} tail=\${entry#* }
        [ "\${tail%% *}" = "$gone" ] || kept="$kept$entry$nl"
      done
      list=$kept ;;
  esac
done
wait_for proxy 50
each TERM app
wait_for app 30
each KILL any
exit 0
`;

export type WardenRole = 'app' | 'proxy';

/** A shell process that outlives the supervisor just long enough to end what that started: docs/decisions/0005. */
export class Warden {
  readonly #entries = new Map<number, string>();
  #process: ChildProcess | undefined;
  #closing = false;

  constructor() {
    this.#start();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  add(role: WardenRole, { pid, start }: ProcessIdentity): void {
    const line = `+ ${role} ${pid} ${start.replace(/@.*/, '')}`;
    this.#entries.set(pid, line);
    this.#tell(line);
  }

  remove(pid: number): void {
    if (this.#entries.delete(pid)) this.#tell(`- ${pid}`);
  }

  /** Everything has ended in good order: the warden may go, too. */
  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end('bye\n');
    await exited;
  }

  #start(): void {
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'tulle-warden'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: '/bin:/usr/bin' },
    });
    this.#process = child;
    // A warden that somebody killed must not take the supervisor along by EPIPE.
    child.stdin?.on('error', () => {});
    child.on('error', () => {});
    child.on('exit', () => {
      if (this.#closing || this.#process !== child) return;
      this.#start();
      for (const line of this.#entries.values()) this.#tell(line);
    });
  }

  #tell(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }
}
