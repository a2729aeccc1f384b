/** For tests: HTTP/1.1 messages by the grammar, with here and there what stands at its edge. */

type Random = (below: number) => number;

const methods = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'PROPFIND',
  'get',
  'FOO',
];
const targets = [
  '/',
  '/a/b?c=d&e',
  '/%41%2f..//x;y',
  '*',
  'a:1',
  'http://a',
  'http://a:8080/p?q',
  'HTTP://A?x',
  'https://[::1]:1/x',
  '/[]{}|\\^`"<>',
  '//a/b',
  '/a#b',
  'x',
  '/é',
];
const versions = ['1.1', '1.1', '1.1', '1.1', '1.1', '1.0', '1.0', '1.2', '2.0', '0.9'];
const hosts = ['a', 'a:80', 'A.example', '[::1]:8080', '1.2.3.4', 'a_b', '', 'a b', 'a:b', 'u@a'];
const names = [
  'Accept',
  'X-A',
  'x-a',
  'Cookie',
  'Keep-Alive',
  'TE',
  'Trailer',
  'Proxy-Connection',
  "X!#$%&'*+-.^_`|~9",
];
const values = [
  '',
  'b',
  'a b',
  ' a',
  'a\t',
  '\t',
  'é',
  '"q"',
  'trailers',
  'x'.repeat(60),
  'a, b',
  '\x80\xff',
  'a\x01b',
  'a\x00',
];
const connections = [
  'close',
  'keep-alive',
  'Close',
  'close, x-a',
  'upgrade',
  'x-a',
  'keep-alive, close',
  'content-length',
  '',
];
const codings = [
  'chunked',
  'chunked',
  'chunked',
  'Chunked',
  'chunked ',
  ' chunked',
  'gzip, chunked',
  'gzip',
  'identity',
  'chunked, chunked',
  'xchunked',
  'chunked;a',
  '',
];
const contents = ['', 'a', 'hello', '\r\n', '0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'x'.repeat(17)];
const extensions = [
  '',
  '',
  '',
  '',
  ';a',
  ';a=b',
  ';a="b c"',
  ';a="\\""',
  '; a',
  ';',
  ';a=',
  ' ',
  ';a=b;c',
  ';a="',
];
const statuses = [
  '200 OK',
  '200',
  '200 ',
  '204 No Content',
  '304 Not Modified',
  '404 Not Found',
  '599 x\ty',
  '100 Continue',
  '103 Early',
  '101 Switch',
  '999 ',
  '099 x',
  '20 x',
  '2000 x',
  '500 é',
];

/** A request, most often a right one. */
export function someRequest(random: Random): string {
  const pick = picker(random);
  const method = rarely(random) ? pick(methods) : pick(['GET', 'POST', 'PUT', 'OPTIONS', 'HEAD']);
  const target = rarely(random) ? pick(targets) : pick(targets.slice(0, 3));
  const version = rarely(random) ? pick(versions) : '1.1';
  const fields = someFields(random);
  if (!rarely(random)) fields.unshift(`Host: ${rarely(random) ? pick(hosts) : 'a'}`);
  else if (random(2) === 0) fields.push('Host: a', 'Host: b');
  const [framing, body] = random(2) === 0 ? [[], ''] : someBody(random);
  fields.splice(random(fields.length + 1), 0, ...framing);
  return `${method} ${target} HTTP/${version}\r\n${lines(fields)}\r\n${body}`;
}

/** A response, most often a right one; sometimes more than one. */
export function someResponse(random: Random): string {
  const pick = picker(random);
  const version = rarely(random) ? pick(versions) : '1.1';
  const status = random(3) === 0 ? pick(statuses) : '200 OK';
  const fields = someFields(random);
  const [framing, body] = random(5) === 0 ? [[], pick(contents)] : someBody(random);
  fields.splice(random(fields.length + 1), 0, ...framing);
  const before = rarely(random) ? 'HTTP/1.1 100 Continue\r\n\r\n' : '';
  return `${before}HTTP/${version} ${status}\r\n${lines(fields)}\r\n${body}`;
}

function someFields(random: Random): string[] {
  const pick = picker(random);
  const fields: string[] = [];
  for (let count = random(4); count > 0; count--)
    fields.push(`${pick(names)}:${pick(['', ' ', ' ', '\t'])}${rarely(random) ? pick(values) : 'v'}`);
  if (rarely(random)) fields.push(`Connection: ${pick(connections)}`);
  if (rarely(random)) fields.push(`Upgrade: ${pick(['websocket', 'h2c', 'x/1'])}`);
  return fields;
}

function someBody(random: Random): [fields: string[], body: string] {
  const pick = picker(random);
  const fields: string[] = [];
  let body = '';
  if (random(2) === 0) {
    body = pick(contents);
    const said = rarely(random)
      ? pick(['0', '1', '5', '+5', '-1', '05', '0x5', '', '5, 5', '5 ', '99999999999999999999'])
      : String(body.length);
    fields.push(`Content-Length: ${said}`);
    if (rarely(random) && random(3) === 0) fields.push(`content-length:${said}`);
  } else {
    fields.push(`Transfer-Encoding: ${rarely(random) ? pick(codings) : 'chunked'}`);
    for (let count = random(3); count > 0; count--) {
      const content = pick(contents.slice(1));
      const size = content.length.toString(16);
      body += `${rarely(random) ? pick(['', '0', '00000', ' ', '0x', '-']) : ''}${random(2) === 0 ? size : size.toUpperCase()}`;
      body += `${pick(extensions)}\r\n${content}\r\n`;
    }
    body += `${rarely(random) ? '000' : '0'}${rarely(random) ? pick(extensions) : ''}\r\n`;
    if (rarely(random))
      body += `${pick(['X-Sum: 1', 'Content-Length: 5', 'Host: b', 'X', ' x', 'X : y'])}\r\n`;
    body += '\r\n';
  }
  if (random(20) === 0)
    fields.push(pick(['Content-Length: 3', 'Transfer-Encoding: chunked', 'Transfer-Encoding : chunked']));
  return [fields, body];
}

const lines = (fields: readonly string[]): string => fields.map((field) => `${field}\r\n`).join('');

const rarely = (random: Random): boolean => random(6) === 0;

const picker =
  (random: Random) =>
  (from: readonly string[]): string =>
    from[random(from.length)] as string;
