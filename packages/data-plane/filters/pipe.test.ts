import { Headers } from '@tulle/decision/headers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileChain } from './chain.ts';
import { FilterStatus, type FilterStream, type HttpFilter, type Resume } from './filter.ts';
import { Pipe } from './pipe.ts';

interface Head {
  readonly name: string;
}

/** A pipe through `filters`, its output as text, and what it asked of its source. */
function piped(filters: HttpFilter[], bufferLimit = 1000) {
  const out: string[] = [];
  const source = { holds: 0, overflows: 0 };
  let pipe: Pipe<Head> | undefined;
  const stream = {
    bufferLimit,
    suspend: () => (pipe as Pipe<Head>).suspend(),
    replaceData: (chunk: Buffer) => (pipe as Pipe<Head>).replace(chunk),
  } as unknown as FilterStream;
  const chain = compileChain(filters.map((filter, index) => ({ name: `f${index}`, filter })));
  const made = new Pipe<Head>(chain.decode as never, stream, [], {
    head: ({ name }, end) => out.push(`head ${name}${end ? ' end' : ''}`),
    data: (chunk, end) => out.push(`data ${chunk}${end ? ' end' : ''}`),
    trailers: () => out.push('trailers'),
    hold: () => source.holds++,
    release: () => source.holds--,
    overflow: () => source.overflows++,
  });
  pipe = made;
  return { pipe: made, out, source };
}

const send = (pipe: Pipe<Head>, chunks: readonly string[] = ['a', 'b', 'c']): void => {
  pipe.head({ name: 'h' }, false);
  const shared = Buffer.alloc(64);
  chunks.forEach((chunk, index) => {
    // As a codec does: the same memory again and again.
    shared.write(chunk);
    pipe.data(shared.subarray(0, chunk.length), index === chunks.length - 1);
  });
};
const all = ['head h', 'data a', 'data b', 'data c end'];

const upperCase: HttpFilter = {
  decodeData(chunk, _end, stream) {
    stream.replaceData(Buffer.from(chunk.toString().toUpperCase()));
    return FilterStatus.Continue;
  },
};

describe('what goes on in place of data', () => {
  it('is what the next filters and the sink see', () => {
    const seen: string[] = [];
    const { pipe, out } = piped([
      upperCase,
      {
        decodeData(chunk) {
          seen.push(chunk.toString());
          return FilterStatus.Continue;
        },
      },
    ]);
    send(pipe);
    expect(out).toEqual(['head h', 'data A', 'data B', 'data C end']);
    expect(seen).toEqual(['A', 'B', 'C']);
  });

  it('may be nothing, but for the end', () => {
    const { pipe, out } = piped([
      {
        decodeData(_chunk, _end, stream) {
          stream.replaceData(Buffer.alloc(0));
          return FilterStatus.Continue;
        },
      },
    ]);
    send(pipe);
    expect(out).toEqual(['head h', 'data  end']);
  });

  it('ends the message where it stands for trailers', () => {
    const { pipe, out } = piped([
      {
        decodeTrailers(_trailers, stream) {
          stream.replaceData(Buffer.from('t'));
          return FilterStatus.Continue;
        },
      },
      upperCase,
    ]);
    pipe.head({ name: 'h' }, false);
    pipe.data(Buffer.from('a'), false);
    pipe.trailers(new Headers());
    expect(out).toEqual(['head h', 'data A', 'data T end']);
  });

  it('is held with what a filter before it holds', () => {
    let resume: Resume = () => {};
    const { pipe, out } = piped([
      {
        decodeHeaders(_head, _end, stream) {
          resume = stream.suspend();
          return FilterStatus.StopIteration;
        },
        decodeData(chunk, _end, stream) {
          stream.replaceData(Buffer.from(`<${chunk}>`));
          return FilterStatus.Continue;
        },
      },
    ]);
    send(pipe);
    resume();
    expect(out).toEqual(['head h', 'data <a>', 'data <b>', 'data <c> end']);
  });
});

describe('a pipe', () => {
  it('passes everything on without filters', () => {
    const { pipe, out } = piped([]);
    send(pipe);
    expect(out).toEqual(all);
  });

  it('holds what follows a stopped head, in order, until resumed', () => {
    let resume: Resume = () => {};
    const { pipe, out } = piped([
      {
        decodeHeaders(_head, _end, stream) {
          resume = stream.suspend();
          return FilterStatus.StopIteration;
        },
      },
    ]);
    send(pipe);
    expect(out).toEqual([]);
    resume();
    resume();
    expect(out).toEqual(all);
  });

  it('takes a resume from inside the hook that stops', () => {
    const { pipe, out } = piped([
      {
        decodeHeaders(_head, _end, stream) {
          stream.suspend()();
          return FilterStatus.StopIteration;
        },
      },
    ]);
    send(pipe);
    expect(out).toEqual(all);
  });

  it('lets a buffering filter see the body, and passes all when it continues', () => {
    const seen: string[] = [];
    const { pipe, out } = piped([
      {
        decodeHeaders: () => FilterStatus.StopAndBuffer,
        decodeData(chunk, end) {
          seen.push(String(chunk));
          return end ? FilterStatus.Continue : FilterStatus.StopAndBuffer;
        },
      },
    ]);
    send(pipe);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(out).toEqual(all);
  });

  it('asks the source to wait above a limit, and to go on after', () => {
    let resume: Resume = () => {};
    const { pipe, source } = piped([
      {
        decodeHeaders(_head, _end, stream) {
          resume = stream.suspend();
          return FilterStatus.StopIteration;
        },
      },
    ]);
    pipe.head({ name: 'h' }, false);
    pipe.data(Buffer.alloc(100 * 1024), false);
    expect(source.holds).toBe(1);
    resume();
    expect(source.holds).toBe(0);
  });

  it('says when a filter buffers more than it may', () => {
    const { pipe, source } = piped(
      [{ decodeHeaders: () => FilterStatus.StopAndBuffer, decodeData: () => FilterStatus.StopAndBuffer }],
      10,
    );
    send(pipe, ['12345', '123456']);
    expect(source.overflows).toBe(1);
  });

  it('gives back its hold when it is closed, and passes nothing more', () => {
    const { pipe, out, source } = piped([{ decodeHeaders: () => FilterStatus.StopIteration }]);
    pipe.head({ name: 'h' }, false);
    pipe.data(Buffer.alloc(100 * 1024), false);
    pipe.close();
    pipe.data(Buffer.from('x'), true);
    expect(out).toEqual([]);
    expect(source.holds).toBe(0);
  });

  it('keeps everything, in order, whatever filters stop and whenever they resume', () => {
    const script = fc.array(fc.constantFrom('continue', 'stop', 'buffer', 'stop and resume at once'), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        fc.array(script, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat({ max: 9 }), { maxLength: 30 }),
        fc.boolean(),
        (scripts, order, trailers) => {
          const waiting: Resume[] = [];
          const filters = scripts.map((steps): HttpFilter => {
            let at = 0;
            const next = (stream: FilterStream): FilterStatus => {
              const step = steps[at++];
              if (step === undefined || step === 'continue') return FilterStatus.Continue;
              const resume = stream.suspend();
              if (step === 'stop and resume at once') resume();
              else waiting.push(resume);
              return step === 'buffer' ? FilterStatus.StopAndBuffer : FilterStatus.StopIteration;
            };
            return {
              decodeHeaders: (_head, _end, stream) => next(stream),
              decodeData: (_chunk, _end, stream) => next(stream),
              decodeTrailers: (_trailers, stream) => next(stream),
            };
          });
          const { pipe, out, source } = piped(filters);
          const steps = [
            () => pipe.head({ name: 'h' }, false),
            () => pipe.data(Buffer.from('a'), false),
            () => pipe.data(Buffer.from('b'), false),
            () => (trailers ? pipe.trailers(new Headers()) : pipe.data(Buffer.from('c'), true)),
          ];
          const resumeOne = (choice: number): void =>
            waiting.splice(choice % Math.max(1, waiting.length), 1)[0]?.();
          for (const choice of order) {
            if (choice % 2 === 0) steps.shift()?.();
            else resumeOne(choice);
          }
          for (const step of steps) step();
          for (let i = 0; waiting.length > 0 && i < 100; i++) resumeOne(0);
          expect(out).toEqual(['head h', 'data a', 'data b', trailers ? 'trailers' : 'data c end']);
          expect(source.holds).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
