/** Who a socket belongs to, as nftables can tell. */
export type ProcessSelector =
  | {
      readonly kind: 'cgroup';
      /** As nft takes it: relative to /sys/fs/cgroup. */
      readonly path: string;
      /** How deep the group lies in the cgroup v2 hierarchy. */
      readonly level: number;
    }
  | { readonly kind: 'uid'; readonly uid: number };

/** An application whose traffic goes through its sidecar. */
export interface CapturedInstance {
  /** Unique within the table; letters, digits, `-`, `.` and `_`. */
  readonly name: string;
  readonly app: ProcessSelector;
  /** Who may reach the application's ports past the sidecar: the sidecar itself, and who probes it. */
  readonly exempt: readonly ProcessSelector[];
  /** Where the application listens. */
  readonly appPorts: readonly number[];
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly dnsPort: number;
}

export interface CaptureRules {
  /** Name of the table. */
  readonly table: string;
  /** For who reads `nft list ruleset`; at most 128 bytes. */
  readonly comment: string;
  /** CIDR, IPv4: where services have their addresses; it may be part of loopback. */
  readonly serviceAddresses: string;
  readonly instances: readonly CapturedInstance[];
}

/** Before iptables' and others' -100 (Docker's own DNS among them): the first to redirect a connection wins. */
const hookPriority = -110;

/**
 * A whole table for `nft -f -`, which applies it in one transaction: a table of that name is replaced, connections
 * that are open stay as they are.
 *
 * ```
 *   output ─┬─ to an application's port, on this machine ─▶ its inbound chain ─▶ redirect to the sidecar's 15006
 *           └─ of a captured application ─▶ its outbound chain ─▶ names to 15053, loopback as it is, rest to 15001
 *   input ──── to an application's port, from another machine ─▶ refused
 * ```
 */
export function captureRuleset(rules: CaptureRules): string {
  const { table, comment, instances } = rules;
  const listening = instances.filter(({ appPorts }) => appPorts.length > 0);
  const chains = [
    chain('output', [
      `type nat hook output priority ${hookPriority}; policy accept;`,
      'fib daddr type local jump to-applications',
      ...instances.map(({ name, app }) => `${match(app)} goto outbound-${name}`),
    ]),
    chain(
      'to-applications',
      listening.map(({ name, appPorts }) => `tcp dport ${set(appPorts)} goto inbound-${name}`),
    ),
    chain('input', [
      'type filter hook input priority filter; policy accept;',
      ...listening.map(({ appPorts }) => `iifname != "lo" tcp dport ${set(appPorts)} reject with tcp reset`),
    ]),
    ...listening.map(inboundChain),
    ...instances.map((instance) => outboundChain(instance, rules.serviceAddresses)),
  ];
  // Adding what may be there makes deleting it safe.
  return `table inet ${table}\ndelete table inet ${table}\ntable inet ${table} {\n  comment "${comment}"\n${chains.join('')}}\n`;
}

/** A table that only counts what a process sends. */
export function probeRuleset(table: string, who: ProcessSelector): string {
  const lines = [
    'type filter hook output priority filter; policy accept;',
    `${match(who)} counter name seen`,
  ];
  return `table inet ${table} {\n  counter seen {\n  }\n${chain('output', lines)}}\n`;
}

/** Removes a table, there or not. */
export function removeTable(table: string): string {
  return `table inet ${table}\ndelete table inet ${table}\n`;
}

function inboundChain({ name, app, exempt, inboundPort }: CapturedInstance): string {
  return chain(`inbound-${name}`, [
    ...[...exempt, app].map((who) => `${match(who)} return`),
    `meta l4proto tcp redirect to :${inboundPort}`,
  ]);
}

function outboundChain({ name, outboundPort, dnsPort }: CapturedInstance, serviceAddresses: string): string {
  return chain(`outbound-${name}`, [
    // Before loopback: the system's resolver often listens there.
    `meta l4proto { tcp, udp } th dport 53 redirect to :${dnsPort}`,
    `ip daddr ${serviceAddresses} meta l4proto tcp redirect to :${outboundPort}`,
    'ip daddr 127.0.0.0/8 return',
    'ip6 daddr ::1 return',
    `meta l4proto tcp redirect to :${outboundPort}`,
  ]);
}

function chain(name: string, lines: readonly string[]): string {
  return `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`;
}

const set = (ports: readonly number[]): string =>
  `{ ${[...new Set(ports)].sort((a, b) => a - b).join(', ')} }`;

function match(who: ProcessSelector): string {
  return who.kind === 'uid' ? `meta skuid ${who.uid}` : `socket cgroupv2 level ${who.level} "${who.path}"`;
}
