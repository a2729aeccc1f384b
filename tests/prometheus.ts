import { expect } from 'vitest';
import { adminPort } from './bootstraps.ts';
import { fetchOnce } from './load.ts';

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Prometheus' text format, as far as a counter or histogram needs. */
function parsePrometheus(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] =
        /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === '') throw new Error(`no line of a Prometheus text: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      return { name, value: Number(value), labels: Object.fromEntries(pairs.map(([, k, v]) => [k, v])) };
    });
}

/** What a proxy's `/stats/prometheus` says now. */
export async function scrape(stateDir: string, instance: string): Promise<Series[]> {
  const { status, headers, body } = await fetchOnce(
    `http://127.0.0.1:${adminPort(stateDir, instance)}/stats/prometheus`,
  );
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain/);
  return parsePrometheus(body);
}
