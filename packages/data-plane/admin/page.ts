import type { AdminSources } from './sources.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly type:
    | 'text/plain; charset=UTF-8'
    | 'application/json'
    | 'text/html; charset=UTF-8'
    | (string & {});
  readonly body: string;
  /** Called after the answer is on its way. */
  readonly after?: () => void;
}

/** One path of the admin endpoint. */
export interface AdminPage {
  readonly path: string;
  /** POST for what changes something. */
  readonly method: 'GET' | 'POST';
  readonly about: string;
  /** Of the proxy as a whole: what its other workers have counted is added first. */
  readonly counts?: true;
  readonly answer: (sources: AdminSources, query: URLSearchParams) => AdminAnswer;
}

export function text(body: string, status = 200): AdminAnswer {
  return { status, type: 'text/plain; charset=UTF-8', body };
}

export function json(value: unknown): AdminAnswer {
  return { status: 200, type: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` };
}
