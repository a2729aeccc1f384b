import { answersIn, RawClient } from '../raw-client.ts';

/** A well-behaved client that asks over and over, with pauses, while others attack. */
export interface Bystander {
  /** Ends it. @throws Error when an answer was wrong */
  stop(): Promise<{ readonly answers: number; readonly slowestMs: number }>;
}

/** Its own requests are not what the proxy's time is measured for. */
const pauseMs = 5;

export async function bystander(port: number): Promise<Bystander> {
  const client = await RawClient.open(port);
  let stopped = false;
  let answers = 0;
  let slowestMs = 0;
  const asking = (async (): Promise<void> => {
    do {
      const asked = performance.now();
      client.send('GET /bystander HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.until((text) => answersIn(text).answers.length > 0);
      const heard = answersIn(client.text);
      if (heard.answers[0] !== '200 GET /bystander') throw new Error(`a bystander heard ${client.text}`);
      client.forget();
      answers++;
      slowestMs = Math.max(slowestMs, performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    } while (!stopped);
  })();
  asking.catch(() => {});
  return {
    stop: async () => {
      stopped = true;
      await asking;
      await client.close();
      return { answers, slowestMs };
    },
  };
}
