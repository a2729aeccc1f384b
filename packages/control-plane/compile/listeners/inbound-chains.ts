import type { MtlsMode } from '../../model/istio.ts';
import { type Layer, sniffedHttp } from '../scope/protocol.ts';
import { serverAlpn, sniffedHttpAlpn } from '../tls/mesh-tls.ts';

/** One filter chain of an application's port. */
export interface ChainKind {
  /** Within the port. */
  readonly name: string;
  readonly match: { readonly transportProtocol?: string; readonly applicationProtocols?: string[] };
  readonly layer: 'http' | 'tcp';
  /** ALPN of the mTLS that ends here; undefined: bytes are taken as they are. */
  readonly alpn?: readonly string[];
}

const tls = { transportProtocol: 'tls' };
const raw = { transportProtocol: 'raw_buffer' };
const httpOnly = { applicationProtocols: sniffedHttp };
const fromMesh = (names: readonly string[]): ChainKind['match'] => ({
  ...tls,
  applicationProtocols: [...names],
});

/**
 * The chains of a port by mTLS mode, as Istio's. TLS on a PERMISSIVE port is the mesh's on a port for HTTP, which
 * no application serves with TLS of its own; on others ALPN tells, and foreign TLS passes as it is.
 */
const chains: Readonly<Record<Layer, Readonly<Record<MtlsMode, readonly ChainKind[]>>>> = {
  http: {
    STRICT: [{ name: 'tls', match: tls, layer: 'http', alpn: serverAlpn.http }],
    PERMISSIVE: [
      { name: 'tls', match: tls, layer: 'http', alpn: serverAlpn.http },
      { name: 'raw', match: raw, layer: 'http' },
    ],
    DISABLE: [{ name: 'raw', match: {}, layer: 'http' }],
  },
  tcp: {
    STRICT: [{ name: 'tls', match: tls, layer: 'tcp', alpn: serverAlpn.bytes }],
    PERMISSIVE: [
      { name: 'tls', match: fromMesh(serverAlpn.bytes), layer: 'tcp', alpn: serverAlpn.bytes },
      { name: 'passthrough', match: tls, layer: 'tcp' },
      { name: 'raw', match: raw, layer: 'tcp' },
    ],
    DISABLE: [{ name: 'raw', match: {}, layer: 'tcp' }],
  },
  sniffed: {
    STRICT: [
      { name: 'tls_http', match: fromMesh(sniffedHttpAlpn), layer: 'http', alpn: serverAlpn.sniffedHttp },
      { name: 'tls', match: tls, layer: 'tcp', alpn: serverAlpn.bytes },
    ],
    PERMISSIVE: [
      { name: 'tls_http', match: fromMesh(sniffedHttpAlpn), layer: 'http', alpn: serverAlpn.sniffedHttp },
      { name: 'tls', match: fromMesh(serverAlpn.bytes), layer: 'tcp', alpn: serverAlpn.bytes },
      { name: 'passthrough', match: tls, layer: 'tcp' },
      { name: 'raw_http', match: { ...raw, ...httpOnly }, layer: 'http' },
      { name: 'raw', match: raw, layer: 'tcp' },
    ],
    DISABLE: [
      { name: 'raw_http', match: httpOnly, layer: 'http' },
      { name: 'raw', match: {}, layer: 'tcp' },
    ],
  },
};

export const inboundChains = (layer: Layer, mode: MtlsMode): readonly ChainKind[] => chains[layer][mode];

/** The chain of a port whose TLS is of clients outside the mesh. */
export const edgeChains = (isHttp: boolean): readonly ChainKind[] => [
  { name: 'tls', match: tls, layer: isHttp ? 'http' : 'tcp' },
];

/**
 * Whether who connects may wait for the server to speak: then time decides what the first bytes don't. mTLS never
 * waits, and neither does a port that takes one protocol in plain text.
 */
export const mayWaitForServer = (layer: Layer, mode: MtlsMode): boolean =>
  mode === 'PERMISSIVE' ? layer !== 'http' : mode === 'DISABLE' && layer === 'sniffed';
