import { get } from 'node:http';
import { Failure } from '../failure.ts';
import type { ProxyStatus } from './proxies.ts';

const TIMEOUT_MS = 5000;

/**
 * Asks a proxy's admin endpoint, ours or Envoy's, for JSON.
 * @throws Failure when the proxy has none or does not answer
 */
export async function askProxy(proxy: ProxyStatus, path: string): Promise<unknown> {
  const name = `${proxy.metadata.name}.${proxy.metadata.namespace}`;
  const { adminAddress } = proxy;
  if (adminAddress === undefined) throw new Failure(`proxy ${name} has no admin endpoint`);
  const text = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Failure(`the admin endpoint of ${name} at ${adminAddress} ${why}`));
    const request = get(`http://${adminAddress}${path}`, { timeout: TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
        else fail(`answered ${response.statusCode}`);
      });
    });
    request.on('timeout', () => request.destroy(new Error(`did not answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', (error) => fail(error.message));
  });
  return JSON.parse(text);
}
