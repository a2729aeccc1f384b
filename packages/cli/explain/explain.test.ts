import { describe, expect, test } from 'vitest';
import { run } from './run.fixture.ts';

const explain = (...words: string[]) =>
  run(['explain', ...words, '-f', 'mesh.yaml'], `${import.meta.dirname}/golden`);

const inbound = ['http://reviews:9080/reviews/1', '--from', 'reviews-v2', '--listener', 'inbound_9080'];

const pages = ['--from', 'db', '-f', 'response-headers.yaml'];

const mutual = [...inbound, '--peer', 'spiffe://cluster.local/ns/default/sa/default'];

describe('from files alone', () => {
  test.each([
    ['weights', ['http://reviews:9080/reviews/1', '--from', 'productpage']],
    ['faults', ['GET', 'http://reviews:9080/reviews/1', '--from', 'productpage', '-H', 'end-user: jason']],
    ['redirect', ['http://reviews:9080/old', '--from', 'productpage']],
    ['unknown-host', ['http://nowhere.example.com/', '--from', 'productpage']],
    ['undeclared', ['http://orders:8080/', '--from', 'productpage', '-f', 'orders.yaml']],
    ['another-port', ['http://orders/', '--from', 'reviews-v1', '-f', 'orders.yaml']],
    ['mistyped', ['http://reveiws:9080/', '--from', 'productpage']],
    ['nobody-serves', ['http://orders:8080/', '--from', 'reviews-v1', '-f', 'orders.yaml']],
    ['gateway', ['http://shop.example.com/reviews/1', '--from', 'ingressgateway']],
    ['no-route', ['http://shop.example.com/reviews/x', '--from', 'ingressgateway']],
    ['no-host', ['http://other.example.com/', '--from', 'ingressgateway']],
    ['tcp', ['--tcp', 'db:5432', '--from', 'productpage']],
    ['tls', ['--tls', 'api.example.com', '--from', 'reviews-v1']],
    ['not-http', ['--tcp', 'reviews:9080', '--from', 'productpage']],
    ['grpc', ['--grpc', 'http://reviews:9080/shop.Reviews/List', '--from', 'productpage-v1-0']],
    ['inbound', mutual],
    ['inbound-plain', inbound],
    ['rate-limit', [...mutual, '-f', 'rate-limit.yaml']],
    ['limit', [...mutual, '-f', 'limit.yaml']],
    ['networks', ['http://stock/', '--from', 'shop', '-f', 'networks.yaml']],
    ['response-headers', ['http://pages:9080/', '-H', 'origin: https://shop.example.com', ...pages]],
    ['response-headers-own', ['http://pages:9080/closed', ...pages]],
  ])('%s', async (name, words) => {
    const { code, stdout, stderr } = await explain(...words);
    expect([code, stderr]).toEqual([0, '']);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    await expect(stdout).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('what becomes of an answer’s header fields, as JSON', async () => {
    const { stdout } = await explain('http://pages:9080/', ...pages, '-o', 'json');
    const { response, outcomes } = JSON.parse(stdout);
    expect(response).toEqual(outcomes[0].response);
    expect(response).toEqual({
      setHeaders: { 'strict-transport-security': 'max-age=60' },
      addedHeaders: { via: 'gateway', 'x-served-by': 'outbound|9080||pages.default.svc.cluster.local' },
      removedHeaders: ['x-debug', 'x-powered-by'],
    });
  });

  test('as JSON, by names that stay', async () => {
    const { stdout } = await explain('http://reviews:9080/reviews/1', '--from', 'productpage', '-o', 'json');
    const explanation = JSON.parse(stdout);
    expect(Object.keys(explanation)).toEqual(
      'proxy request listener virtualHost route filters outcomes cluster endpoints'.split(' '),
    );
    expect(explanation.cluster.name).toBe('outbound|9080|v1|reviews.default.svc.cluster.local');
    expect(explanation.outcomes.map(({ share }: { share: number }) => share)).toEqual([0.75, 0.25]);
    expect(explanation.route.origins).toContainEqual(
      expect.objectContaining({ path: 'spec.http[2]', file: 'mesh.yaml', line: 46 }),
    );
    const redirect = await explain('http://reviews:9080/old', '--from', 'productpage', '-o', 'json');
    expect(JSON.parse(redirect.stdout).directResponse).toEqual({
      status: 308,
      location: 'http://reviews:9080/reviews',
      details: 'direct_response',
    });
  });
});

describe('what can’t be explained is said', () => {
  test.each([
    ['no caller', ['http://reviews:9080/'], 2, 'say who calls'],
    ['an unknown caller', ['http://reviews:9080/', '--from', 'nobody'], 1, 'there is no proxy "nobody"'],
    ['no URL', ['--from', 'productpage'], 2, 'say what is called'],
    ['a header without value', ['http://a/', '--from', 'db', '-H', 'x'], 2, '-H must be "name: value"'],
    ['an unknown listener', ['http://a/', '--from', 'db', '--listener', 'x'], 1, 'there is no listener x'],
    ['a port of nobody', ['http://a:99/', '--from', 'ingressgateway'], 1, 'no listener of the gateway'],
    ['a method', ['GE T', 'http://a/', '--from', 'db'], 2, 'is no HTTP method'],
  ])('%s', async (_, words, code, message) => {
    const result = await explain(...words);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
  });
});
