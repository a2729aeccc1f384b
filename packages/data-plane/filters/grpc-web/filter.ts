import type { Headers } from '@tulle/decision/headers';
import { isGrpc } from '../../http/grpc.ts';
import { FilterStatus, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';
import { Base64Reader } from './base64.ts';
import { trailersFrame } from './trailers-frame.ts';

/** How one call is spoken; undefined: it is none of gRPC-Web. */
interface State {
  call: Call | undefined;
}

interface Call {
  /** Of a request in text. */
  readonly text: Base64Reader | undefined;
  readonly wantsText: boolean;
  /** The answer is gRPC, so it is put into the client's form. */
  answers: boolean;
}

const type = /^application\/grpc-web(-text)?(\+[^;]*)?(;.*)?$/;

/** `+proto`, of a gRPC-Web type; undefined: another type. */
function formOf(value: string | undefined): { readonly text: boolean; readonly suffix: string } | undefined {
  const found = value === undefined ? null : type.exec(value);
  return found === null ? undefined : { text: found[1] !== undefined, suffix: found[2] ?? '' };
}

const setType = (headers: Headers, value: string): void => {
  headers.set('content-type', value);
  headers.remove('content-length');
};

export const grpcWebFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
  create() {
    const filter: HttpFilter<State> = {
      start: () => ({ call: undefined }),
      decodeHeaders({ headers }, _end, _stream, state) {
        const form = formOf(headers.get('content-type'));
        if (form === undefined) return FilterStatus.Continue;
        const wantsText = formOf(headers.get('accept'))?.text ?? form.text;
        state.call = { text: form.text ? new Base64Reader() : undefined, wantsText, answers: false };
        setType(headers, `application/grpc${form.suffix}`);
        headers.set('te', 'trailers');
        return FilterStatus.Continue;
      },
      decodeData(chunk, end, stream, { call }) {
        if (call?.text === undefined) return FilterStatus.Continue;
        const bytes = call.text.take(chunk);
        if (bytes === undefined || (end && !call.text.complete))
          return stream.reply({
            status: 400,
            body: 'Bad gRPC-Web request, invalid base64 data.',
            details: 'grpc_base_64_decode_failed',
          });
        stream.replaceData(bytes);
        return FilterStatus.Continue;
      },
      encodeHeaders({ headers }, _end, _stream, { call }) {
        if (call === undefined || !isGrpc(headers)) return FilterStatus.Continue;
        call.answers = true;
        const suffix = (headers.get('content-type') ?? '').slice('application/grpc'.length);
        setType(headers, `application/grpc-web${call.wantsText ? '-text' : ''}${suffix || '+proto'}`);
        return FilterStatus.Continue;
      },
      encodeData(chunk, _end, stream, { call }) {
        // Each chunk is padded by itself: a message that is complete never waits for the next one.
        if (call?.answers === true && call.wantsText) stream.replaceData(base64(chunk));
        return FilterStatus.Continue;
      },
      encodeTrailers(trailers, stream, { call }) {
        if (call?.answers !== true) return FilterStatus.Continue;
        const frame = trailersFrame(trailers);
        stream.replaceData(call.wantsText ? base64(frame) : frame);
        return FilterStatus.Continue;
      },
    };
    return filter as HttpFilter;
  },
};

const base64 = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('base64'), 'latin1');
