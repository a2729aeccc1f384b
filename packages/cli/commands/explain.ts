import type { Model } from '@tulle/control-plane/model/model';
import { EntranceError } from '@tulle/data-plane/explain/entrance';
import { explain } from '@tulle/data-plane/explain/explain';
import type { Explanation } from '@tulle/data-plane/explain/explanation';
import { kinds } from '@tulle/resources/kinds';
import type { Command } from 'commander';
import { type Connection, connect } from '../api/connect.ts';
import { listProxies } from '../api/proxies.ts';
import { find } from '../apply/apply.ts';
import { locateApplied } from '../explain/applied-files.ts';
import { type CallOptions, parseCall } from '../explain/call.ts';
import { chooseProxy } from '../explain/choose-proxy.ts';
import { withCertificate } from '../explain/client-certificate.ts';
import { readLiveMesh } from '../explain/live-mesh.ts';
import { mapOrigins, originsOf } from '../explain/map-origins.ts';
import { type Locate, readMeshFiles } from '../explain/mesh-files.ts';
import { modelOf, modelOfFiles } from '../explain/mesh-model.ts';
import { compiledView, type ProxyView, runningView } from '../explain/proxy-view.ts';
import { renderExplanation, renderHappened, renderNotes } from '../explain/render.ts';
import { findRecorded } from '../explain/replay/find-recorded.ts';
import { isOutside, whyOutside } from '../explain/unknown-host.ts';
import { Failure, usageError } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { renderDocument } from '../output/documents.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';
import { repeatable } from './options/repeatable.ts';

interface ExplainOptions extends CallOptions {
  readonly clientCert?: string;
  readonly requestId?: string;
  readonly from?: string;
  readonly filename?: readonly string[];
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('[method]', 'GET when there is none')
    .argument('[url]', 'what is called')
    .option('--from <proxy>', 'who calls: a workload, an instance or ingressgateway')
    .option('-H, --header <name: value>', 'a header of the request; again for more', repeatable)
    .option('--http2', 'the client speaks HTTP/2')
    .option('--grpc', 'the client speaks gRPC')
    .option('--tcp <host:port>', 'a connection of bytes instead of a request')
    .option('--tls <name[:port]>', 'a TLS connection to a server name')
    .option('--listener <name>', 'the listener that the client connects to')
    .option('--peer <spiffe id>', 'the client is a proxy of the mesh, of this identity')
    .option('--client-cert <file>', 'the client shows this certificate (PEM); none without')
    .option('--request-id <id>', 'a request that happened, at each proxy that has logged it')
    .option('-f, --filename <file>', 'files or folders instead of a running mesh; again for more', repeatable)
    .option('-o, --output <format>', 'json, yaml')
    .addHelpText(
      'after',
      example(
        "tulle explain http://reviews:9080/ --from productpage -H 'end-user: jason'",
        'tulle explain http://localhost:8080/productpage --from ingressgateway',
        'tulle explain --tcp mongo:27017 --from ratings-v2',
        'tulle explain --tls api.example.com --from reviews-v1',
        'tulle explain --request-id 6b2f4b1e-0c5e-4d0a-9a53-6e1f2f6c7d11',
        'tulle explain http://reviews:9080/ --from productpage -f mesh.yaml -o json',
      ),
    )
    .action((first: string | undefined, second: string | undefined, _: unknown, self: Command) => {
      const words = [first, second].filter((word) => word !== undefined);
      return explainCall(words, self.optsWithGlobals<ExplainOptions>(), io);
    });
}

async function explainCall(words: readonly string[], options: ExplainOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  if (options.requestId !== undefined) return explainRecorded(options.requestId, words, options, io);
  const call = withCertificate(parseCall(words, options), options.clientCert, io);
  if (options.from === undefined)
    throw usageError('say who calls: --from WORKLOAD, or --from ingressgateway');
  const asked =
    options.filename === undefined
      ? await ofMesh(options.from, options, io)
      : await ofFiles(options.from, options.filename, io);
  const explanation = told(() => explain(asked.view, call));
  const outside = isOutside(explanation) ? await outsideNote(asked, explanation) : undefined;
  const locate = await asked.locate(explanation);
  const notes = [...asked.view.notes, ...(outside === undefined ? [] : [outside])];
  const view = { ...asked.view, notes };
  const from = `${view.name}.${view.namespace}`;
  const paint = palette(wantsColor(io.stdout, io.env));
  if (format !== undefined)
    print(io, renderDocument({ proxy: from, ...notesOf(view), ...placed(explanation, locate) }, format));
  else print(io, renderNotes(notes, paint) + renderExplanation(explanation, from, locate, paint));
}

/** A request as the access logs have it, explained on the configuration of now; with what became of it. */
async function explainRecorded(
  id: string,
  words: readonly string[],
  options: ExplainOptions,
  io: Io,
): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  if (words.length > 0 || options.filename !== undefined)
    throw usageError('--request-id is of a running mesh, and says itself what was called');
  const connection = connect(options, io);
  const { client, state } = connection;
  const found = await findRecorded(id, await listProxies(client), state.logs, runningView);
  if (found.length === 0) throw new Failure(`no access log of this mesh has a request ${id}`);
  const paint = palette(wantsColor(io.stdout, io.env));
  const explained = found.map(({ view, request }) => ({
    view,
    request,
    explanation: told(() => explain(view, request.call)),
  }));
  const locate = await appliedFrom(connection, io)(...explained.map(({ explanation }) => explanation));
  const all = explained.map(({ view, request, explanation }) => {
    const { status, flags, cluster, endpoint, at } = request;
    const happened = {
      ...(at !== undefined && { at: new Date(at).toISOString() }),
      status,
      flags,
      cluster,
      endpoint,
    };
    return {
      proxy: `${view.name}.${view.namespace}`,
      ...notesOf(view),
      happened,
      ...placed(explanation, locate),
    };
  });
  if (format !== undefined) print(io, renderDocument(all, format));
  else
    for (const one of all)
      print(
        io,
        `${renderHappened(one.happened, paint)}${renderNotes(one.notes ?? [], paint)}${renderExplanation(one, one.proxy, locate, paint)}`,
      );
}

const notesOf = ({ notes }: ProxyView) => (notes.length > 0 ? { notes } : {});

const placed = (explanation: Explanation, locate: Locate): Explanation =>
  mapOrigins(explanation, (origin) => ({ ...origin, ...locate(origin) }));

/** Finds where the origins of explanations stand. */
type Locating = (...explanations: readonly Explanation[]) => Promise<Locate>;

/** In the files of this machine that a running mesh's resources were applied from. */
const appliedFrom =
  ({ client, state }: Connection, { cwd }: Io): Locating =>
  (...explanations) =>
    locateApplied(explanations.flatMap(originsOf), {
      book: state.sources,
      cwd,
      present: async ({ namespace, name, ...origin }) => {
        const kind = kinds.find((one) => one.kind === origin.kind);
        return kind && find(client, { kind, namespace, name });
      },
    });

/** A proxy, and the mesh that it is of. */
interface Asked {
  readonly view: ProxyView;
  readonly locate: Locating;
  readonly model: () => Promise<Model>;
}

async function outsideNote({ view, model }: Asked, { request }: Explanation): Promise<string | undefined> {
  return whyOutside(await model(), view.explainer.proxy.node.metadata, request.authority);
}

async function ofMesh(from: string, options: ExplainOptions, io: Io): Promise<Asked> {
  const connection = connect(options, io);
  const { client } = connection;
  const proxies = (await listProxies(client)).map((proxy) => ({ ...proxy, ...proxy.metadata }));
  const model = async (): Promise<Model> => {
    const { resources, instances } = await readLiveMesh(client);
    return modelOf(resources, instances);
  };
  return { view: await runningView(chooseProxy(proxies, from)), locate: appliedFrom(connection, io), model };
}

async function ofFiles(from: string, files: readonly string[], io: Io): Promise<Asked> {
  const { resources, locate } = await readMeshFiles(files, io);
  const { model, proxies } = await modelOfFiles(resources);
  const candidates = proxies.map((proxy) => {
    const { NAME, NAMESPACE, WORKLOAD_NAME } = proxy.metadata;
    return { proxy, name: NAME, namespace: NAMESPACE, workload: WORKLOAD_NAME };
  });
  const view = compiledView(model, chooseProxy(candidates, from).proxy);
  return { view, locate: async () => locate, model: async () => model };
}

function told<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof EntranceError) throw new Failure(error.message);
    throw error;
  }
}
