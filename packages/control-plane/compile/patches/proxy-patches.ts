import type { JsonValue, Message } from '@bufbuild/protobuf';
import { compileSearch, RegexError } from '@tulle/decision/regex';
import { toProblem } from '@tulle/resources/finding';
import type { ConfigPatch } from '@tulle/resources/istio/envoy-filter/kind';
import type { Problem } from '@tulle/resources/problem';
import type { TypedExtensionConfig } from '@tulle/xds/gen/envoy/config/core/v3/extension_pb.js';
import type { HttpFilter } from '@tulle/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { ConfigModel } from '../../model/model.ts';
import { at, resourceKey } from '../../model/origin.ts';
import type { EnvoyFilter } from '../../model/traffic/envoy-filter.ts';
import { boundServers } from '../gateways/gateway-ports.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { type Note, note } from '../note.ts';
import type { ProxyDescription } from '../proxy.ts';
import { valuePath } from './check-values.ts';
import { convert } from './convert.ts';
import { readByOurs } from './engine.ts';
import { type Patch, PatchSet } from './patch-set.ts';
import { targetTypes } from './target-types.ts';

/** The patches of a proxy, and what it can't have of them. */
export interface ProxyPatches {
  readonly set: PatchSet;
  readonly notes: readonly Note[];
}

interface Parsed {
  readonly patches: readonly Patch[];
  readonly problems: readonly Problem[];
}

const parsed = new WeakMap<EnvoyFilter, Parsed>();

/** The patches of one EnvoyFilter, read once. */
function patchesOf(filter: EnvoyFilter): Parsed {
  return cached(parsed, filter, () => {
    const problems: Problem[] = [];
    const patches = filter.patches.flatMap((patch, index) => {
      const read = patchOf(filter, patch, index);
      problems.push(...read.problems);
      return read.patch ?? [];
    });
    return { patches, problems };
  });
}

function patchOf(
  { origin }: EnvoyFilter,
  { applyTo = 'INVALID', match = {}, patch = {} }: ConfigPatch,
  index: number,
): { readonly patch?: Patch; readonly problems: readonly Problem[] } {
  const { operation = 'INVALID', value, filterClass } = patch;
  const desc = targetTypes[applyTo];
  const own = at(origin, `spec.configPatches[${index}]`);
  if (desc === undefined || operation === 'INVALID') return { problems: [] };
  const refused = (path: string, message: string): { readonly problems: readonly Problem[] } => ({
    problems: [{ severity: 'warning', code: 'not-supported', path: `${own.path}.${path}`, message }],
  });
  if (applyTo === 'BOOTSTRAP')
    return refused(
      'applyTo',
      'BOOTSTRAP is not supported: proxies have their bootstrap before they have patches',
    );
  if (match.context === 'WAYPOINT') return refused('match.context', 'there are no waypoints here');
  const isForVersion = versionMatcher(match.proxy?.proxyVersion);
  if (typeof isForVersion === 'string')
    return refused('match.proxy.proxyVersion', `left out: ${isForVersion}`);
  const base = { applyTo, operation, match, isForVersion, filterClass, desc, origins: [own] } as const;
  if (operation === 'REMOVE') return { patch: { ...base, value: undefined }, problems: [] };
  const { message, findings } = convert(desc, value as JsonValue, valuePath(index));
  const problems = findings.map((finding) => toProblem(finding));
  return message === undefined ? { problems } : { patch: { ...base, value: message }, problems };
}

/** @returns what is wrong with it, if no proxy could be asked: one bad pattern must not keep everybody's configuration back */
function versionMatcher(pattern: string | undefined): Patch['isForVersion'] | string {
  if (!pattern) return undefined;
  try {
    return compileSearch(pattern);
  } catch (error) {
    if (error instanceof RegexError) return error.message;
    throw error;
  }
}

/** What is wrong with EnvoyFilters wherever they apply, by `resourceKey`. */
export function patchProblems(config: ConfigModel, key: string): readonly Problem[] {
  const filter = config.envoyFilters.all.find(({ origin }) => resourceKey(origin) === key);
  return filter === undefined ? [] : patchesOf(filter).problems;
}

const made = new WeakMap<readonly EnvoyFilter[], Map<string, ProxyPatches>>();

/** Undefined: no EnvoyFilter selects the proxy. The same object for all proxies to which the same applies. */
export function patchesFor(config: ConfigModel, proxy: ProxyDescription): ProxyPatches | undefined {
  const { NAMESPACE, LABELS, TULLE_ENGINE: engine } = proxy.metadata;
  const filters = config.envoyFilters.ofWorkload(NAMESPACE, LABELS);
  if (filters === undefined) return undefined;
  const all = filters.flatMap((filter) => patchesOf(filter).patches);
  const apply = all.map((patch) => isFor(patch, proxy));
  const ports = gatewayPorts(config, proxy);
  const portsKey = [...ports].map(([bound, servers]) => `${bound}:${[...servers].join('+')}`).join();
  const key = `${engine} ${proxy.role} ${portsKey} ${apply.map(Number).join('')}`;
  return cachedByName(
    cached(made, filters, () => new Map<string, ProxyPatches>()),
    key,
    () => {
      const notes: Note[] = [];
      for (const filter of filters)
        for (const problem of patchesOf(filter).problems) notes.push({ origin: filter.origin, problem });
      for (const patch of all) notes.push(...versionNotes(patch, proxy));
      const fitting = all.filter((_, index) => apply[index]);
      const patches = withExtensions(fitting, notes).filter(
        (patch) => engine === 'envoy' || isForOurs(patch, notes),
      );
      return { set: new PatchSet(patches, proxy.role === 'router', ports), notes };
    },
  );
}

/** Whether the proxy is of the version and has the metadata that a patch asks for. */
function isFor({ match, isForVersion }: Patch, { metadata }: ProxyDescription): boolean {
  const { metadata: wanted = {} } = match.proxy ?? {};
  const { ISTIO_VERSION: version } = metadata;
  if (isForVersion !== undefined && (version === undefined || !isForVersion(version))) return false;
  const own = metadata as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([name, value]) => own[name] === value);
}

function versionNotes({ isForVersion, origins: [origin] }: Patch, { metadata }: ProxyDescription): Note[] {
  if (isForVersion === undefined || metadata.ISTIO_VERSION !== undefined) return [];
  const message = 'left out for proxies that do not say their version (ISTIO_VERSION in their metadata)';
  return [note(origin, 'no-effect', message, `${origin.path}.match.proxy.proxyVersion`)];
}

/**
 * An HTTP filter that is discovered gets the configuration that an EXTENSION_CONFIG of its name adds: what discovery
 * would bring, at once.
 */
function withExtensions(patches: readonly Patch[], notes: Note[]): readonly Patch[] {
  const extensions = new Map<string, Patch>();
  for (const patch of patches) {
    if (patch.applyTo !== 'EXTENSION_CONFIG') continue;
    const [origin] = patch.origins;
    if (patch.operation === 'ADD') extensions.set((patch.value as TypedExtensionConfig).name, patch);
    else
      notes.push(
        note(
          origin,
          'no-effect',
          'only ADD has an effect on EXTENSION_CONFIG',
          `${origin.path}.patch.operation`,
        ),
      );
  }
  const wanted = new Set<string>();
  const resolved = patches.flatMap((patch): Patch[] => {
    if (patch.applyTo === 'EXTENSION_CONFIG') return [];
    if (patch.applyTo !== 'HTTP_FILTER' || patch.value === undefined) return [patch];
    const filter = patch.value as HttpFilter;
    if (filter.configType.case !== 'configDiscovery') return [patch];
    wanted.add(filter.name);
    const extension = extensions.get(filter.name);
    const config = (extension?.value as TypedExtensionConfig | undefined)?.typedConfig;
    if (extension !== undefined && config !== undefined) {
      const value: Message = { ...filter, configType: { case: 'typedConfig', value: config } } as HttpFilter;
      return [{ ...patch, value, origins: [...patch.origins, ...extension.origins] }];
    }
    const [origin] = patch.origins;
    const message = `left out: no EXTENSION_CONFIG adds the configuration of ${filter.name}, and proxies have no other source`;
    notes.push(note(origin, 'unknown-target', message, `${origin.path}.patch.value`));
    return [];
  });
  for (const [
    name,
    {
      origins: [origin],
    },
  ] of extensions)
    if (!wanted.has(name))
      notes.push(
        note(origin, 'no-effect', `no HTTP_FILTER patch discovers ${name}`, `${origin.path}.patch.value`),
      );
  return resolved;
}

/** Our proxy refuses what it does not know: such a patch is left out, and its author told. */
function isForOurs({ desc, value, origins: [origin] }: Patch, notes: Note[]): boolean {
  if (value === undefined) return true;
  const { refused, ignored } = readByOurs(desc, value);
  const path = `${origin.path}.patch.value`;
  for (const field of refused.length > 0 ? [] : ignored)
    notes.push(note(origin, 'no-effect', `${field} has no effect on Tulle’s own proxy`, path));
  if (refused.length > 0)
    notes.push(note(origin, 'not-supported', `left out for Tulle’s own proxy: ${refused.join('; ')}`, path));
  return refused.length === 0;
}

/** Bound port ⇒ the ports of the servers behind it, for a gateway; also the pod's own. */
function gatewayPorts(
  config: ConfigModel,
  { role, metadata }: ProxyDescription,
): ReadonlyMap<number, ReadonlySet<number>> {
  const ports = new Map<number, Set<number>>();
  if (role !== 'router') return ports;
  const add = (bound: number, port: number): void => {
    ports.set(bound, (ports.get(bound) ?? new Set([bound])).add(port));
  };
  for (const { server, binding } of boundServers(config, metadata))
    add(binding.port, server.spec.port.number);
  for (const { bindPort, port } of metadata.TULLE_INBOUND) add(bindPort, port);
  return ports;
}
