import { hash } from 'node:crypto';
import type { XdsResource, XdsType } from '../resource.ts';
import { typeUrls } from '../resource.ts';
import { WireWriter } from '../wire/writer.ts';

/** What a session sends next. */
export interface SessionResponse {
  readonly variant: 'delta' | 'sotw';
  readonly type: XdsType;
  readonly nonce: string;
  /** Hash of what is sent, for people; the protocol compares the resources' own versions. */
  readonly version: string;
  readonly resources: readonly XdsResource[];
  /** Delta only. */
  readonly removed: readonly string[];
}

/** Sixteen hex digits over names and versions. */
export function versionOf(
  resources: Iterable<Pick<XdsResource, 'name' | 'version'>>,
  removed: Iterable<string> = [],
): string {
  let text = '';
  for (const { name, version } of resources) text += `${name}\0${version}\0`;
  for (const name of removed) text += `-${name}\0`;
  return hash('sha256', text).slice(0, 16);
}

// Field numbers of envoy.service.discovery.v3: the resources' bytes are copied into the response as they
// are, so that what hundreds of proxies share is serialised once.
const delta = { version: 1, resources: 2, typeUrl: 4, nonce: 5, removed: 6 } as const;
const resourceFields = { version: 1, resource: 2, name: 3 } as const;
const sotw = { version: 1, resources: 2, typeUrl: 4, nonce: 5 } as const;

/** The response as a DeltaDiscoveryResponse or DiscoveryResponse, in parts: most of them are those of other proxies too. */
export function encodeResponse(response: SessionResponse): readonly Uint8Array[] {
  const { variant, type } = response;
  const fields = variant === 'delta' ? delta : sotw;
  const start = new WireWriter();
  text(start, fields.version, response.version);
  const end = new WireWriter();
  text(end, fields.typeUrl, typeUrls[type]);
  text(end, fields.nonce, response.nonce);
  if (variant === 'delta') for (const name of response.removed) text(end, delta.removed, name);
  const resources = response.resources.map((resource) => fieldOf(resource, type, variant));
  return [start.finish(), ...resources, end.finish()];
}

const utf8 = new TextEncoder();

function text(writer: WireWriter, number: number, value: string): void {
  writer.tag(number, 2);
  writer.string(value);
}

const made = { delta: new WeakMap<XdsResource, Uint8Array>(), sotw: new WeakMap<XdsResource, Uint8Array>() };

/** A resource's field of a response: made once, as hundreds of proxies get the same. */
function fieldOf(resource: XdsResource, type: XdsType, variant: 'delta' | 'sotw'): Uint8Array {
  const known = made[variant].get(resource);
  if (known !== undefined) return known;
  const url = utf8.encode(typeUrls[type]);
  // As large as it gets, so that nothing is copied on the way.
  const writer = new WireWriter(resource.bytes.length + 3 * (resource.name.length + 64) + url.length);
  writer.tag((variant === 'delta' ? delta : sotw).resources, 2);
  if (variant === 'delta') writeResource(writer, resource, url);
  else writeAny(writer, resource, url);
  const field = writer.finish();
  made[variant].set(resource, field);
  return field;
}

/** Length-prefixed Resource: version, the Any, name. */
function writeResource(writer: WireWriter, resource: XdsResource, url: Uint8Array): void {
  const name = utf8.encode(resource.name);
  const version = utf8.encode(resource.version);
  writer.uint64(field(version.length) + field(anySize(resource, url)) + field(name.length));
  writer.tag(resourceFields.version, 2);
  writer.bytes(version);
  writer.tag(resourceFields.resource, 2);
  writeAny(writer, resource, url);
  writer.tag(resourceFields.name, 2);
  writer.bytes(name);
}

/** Length-prefixed Any. */
function writeAny(writer: WireWriter, resource: XdsResource, url: Uint8Array): void {
  writer.uint64(anySize(resource, url));
  writer.tag(1, 2);
  writer.bytes(url);
  writer.tag(2, 2);
  writer.bytes(resource.bytes);
}

const anySize = (resource: XdsResource, url: Uint8Array): number =>
  field(url.length) + field(resource.bytes.length);

/** Size of a length-delimited field with a one-byte tag. */
function field(length: number): number {
  let size = 2 + length;
  for (let rest = length; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}
