/** For each rule text of Istio's CRDs: a value that it lets pass and one that it refuses, at the place where it stands. */
export interface Case {
  readonly accept: unknown;
  readonly refuse: unknown;
}

const tlsFile = { serverCertificate: '/etc/cert.pem', privateKey: '/etc/key.pem' };

export const ruleCases: Readonly<Record<string, Case>> = {
  "duration(self) >= duration('1ms')": { accept: '1m30.5s', refuse: '999us' },
  'url(self).getScheme() in ["http", "https"]': {
    accept: 'https://keys.example.com/jwks.json',
    refuse: 'ftp://keys.example.com/jwks.json',
  },
  '(has(self.jwksUri) ? 1 : 0) + (has(self.jwks_uri) ? 1 : 0) + (has(self.jwks) ? 1 : 0) <= 1': {
    accept: { issuer: 'a', jwksUri: 'https://keys.example.com' },
    refuse: { issuer: 'a', jwksUri: 'https://keys.example.com', jwks_uri: 'https://keys.example.com' },
  },
  '(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1': {
    accept: { targetRefs: [{ kind: 'Gateway', name: 'a' }] },
    refuse: { selector: {}, targetRefs: [{ kind: 'Gateway', name: 'a' }] },
  },
  '(has(self.tlsCertificates) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1': {
    accept: { tlsCertificates: [tlsFile] },
    refuse: { tlsCertificates: [tlsFile], credentialNames: ['a'] },
  },
  '(has(self.credentialName) ? 1 : 0) + (has(self.credentialNames) ? 1 : 0) <= 1': {
    accept: { credentialNames: ['a', 'b'] },
    refuse: { credentialName: 'a', credentialNames: ['b'] },
  },
  '(has(self.credentialNames) ? 1 : 0) + (has(self.tlsCertificates) ? 1 : 0) <= 1': {
    accept: { credentialName: 'a', tlsCertificates: [tlsFile] },
    refuse: { credentialNames: ['a'], tlsCertificates: [tlsFile] },
  },
  '(has(self.workloadSelector) ? 1 : 0) + (has(self.endpoints) ? 1 : 0) <= 1': {
    accept: { hosts: ['a.example.com'], resolution: 'STATIC', workloadSelector: { labels: { app: 'a' } } },
    refuse: {
      hosts: ['a.example.com'],
      resolution: 'STATIC',
      workloadSelector: { labels: { app: 'a' } },
      endpoints: [{ address: '10.0.0.1' }],
    },
  },
  '!((has(self.addresses) ? self.addresses : []).exists(k, k.contains("/")) && !((has(self.resolution) ? self.resolution : "NONE") in ["STATIC", "NONE"]))':
    {
      accept: { hosts: ['a.example.com'], addresses: ['10.0.0.0/8'], resolution: 'STATIC' },
      refuse: { hosts: ['a.example.com'], addresses: ['10.0.0.1', '10.0.0.0/8'], resolution: 'DNS' },
    },
  '((has(self.resolution) ? self.resolution : "NONE") == "NONE") ? !has(self.endpoints) : true': {
    accept: { hosts: ['a.example.com'], resolution: 'DNS', endpoints: [{ address: 'b.example.com' }] },
    refuse: { hosts: ['a.example.com'], endpoints: [{ address: '10.0.0.1' }] },
  },
  '((has(self.resolution) ? self.resolution : "") == "DNS_ROUND_ROBIN") ? ((has(self.endpoints) ? self.endpoints : []).size() <= 1) : true':
    {
      accept: {
        hosts: ['a.example.com'],
        resolution: 'DNS_ROUND_ROBIN',
        endpoints: [{ address: 'b.example.com' }],
      },
      refuse: {
        hosts: ['a.example.com'],
        resolution: 'DNS_ROUND_ROBIN',
        endpoints: [{ address: 'b.example.com' }, { address: 'c.example.com' }],
      },
    },
  'self in ["", "HTTP", "HTTPS"]': { accept: 'HTTPS', refuse: 'https' },
  'has(self.address) || has(self.network)': { accept: { network: 'vpc-2' }, refuse: { weight: 1 } },
  '(has(self.address) ? self.address : "").startsWith("unix://") ? !has(self.ports) : true': {
    accept: { address: 'unix:///run/app.sock' },
    refuse: { address: 'unix:///run/app.sock', ports: { http: 80 } },
  },
  'self.startsWith("unix://") ? (self.substring(7, 8) == "/" || self.substring(7, 8) == "@") : true': {
    accept: 'unix://@abstract',
    refuse: 'unix://run/app.sock',
  },
  'self.startsWith("unix://") ? !self.endsWith("/") : true': {
    accept: 'unix:///run/app.sock',
    refuse: 'unix:///run/',
  },
  'self.all(key, size(key) < 63 && key.matches("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"))': {
    accept: { 'http-1': 80 },
    refuse: { http_1: 80 },
  },
  '0 < self && self <= 65535': { accept: 65535, refuse: 65536 },
  'self != "*"': { accept: '*.example.com', refuse: '*' },
  'self.all(l1, self.exists_one(l2, l1.number == l2.number))': {
    accept: [
      { number: 80, name: 'a' },
      { number: 81, name: 'b' },
    ],
    refuse: [
      { number: 80, name: 'a' },
      { number: 80, name: 'b' },
    ],
  },
  '!self.contains("*")': { accept: 'reviews', refuse: 'rev*' },
  'has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? self.selector.matchLabels : {}).size() > 0) : true':
    {
      accept: { portLevelMtls: { '80': { mode: 'DISABLE' } }, selector: { matchLabels: { app: 'a' } } },
      refuse: { portLevelMtls: { '80': { mode: 'DISABLE' } }, selector: {} },
    },
  'self.all(key, 0 < int(key) && int(key) <= 65535)': {
    accept: { '9080': { mode: 'STRICT' } },
    refuse: { '0': { mode: 'STRICT' } },
  },
  'self.all(key, !key.contains("*"))': { accept: { app: 'a' }, refuse: { 'a*': 'a' } },
  'has(self.context) ? ((self.context == "WAYPOINT") ? has(self.waypoint) : !has(self.waypoint)) : !has(self.waypoint)':
    {
      accept: { context: 'WAYPOINT', waypoint: {} },
      refuse: { context: 'GATEWAY', waypoint: {} },
    },
  '(has(self.workloadSelector) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1': {
    accept: { targetRefs: [{ kind: 'Gateway', name: 'a' }] },
    refuse: { targetRefs: [{ kind: 'Gateway', name: 'a' }], workloadSelector: { labels: { app: 'a' } } },
  },
  'self.size() == 0': { accept: '', refuse: 'b' },
  'self.all(key, key.size() != 0)': { accept: { app: 'a' }, refuse: { '': 'a' } },
};

/** Values for the fields of oneOf groups where an empty object or a letter won't do. */
export const memberValues: Readonly<Record<string, unknown>> = {
  fixedDelay: '1s',
  exponentialDelay: '1s',
  httpStatus: 503,
  port: 8080,
  derivePort: 'FROM_REQUEST_PORT',
  simple: 'RANDOM',
  useSourceIp: true,
  httpCookie: { name: 'user' },
  httpGet: { port: 80 },
  tcpSocket: { port: 80 },
  exec: { command: ['true'] },
};

/** What a field of a oneOf group needs beside it. */
export const companions: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  waypoint: { context: 'WAYPOINT' },
};

/**
 * What the objects on the way to a place need besides, so that nothing but the place itself can be wrong. Only for
 * objects that have the field `beside`.
 */
export const surroundings: readonly {
  readonly path: RegExp;
  readonly beside: string;
  readonly with: Readonly<Record<string, unknown>>;
}[] = [
  { path: /^spec\.endpoints\[\]$/, beside: 'address', with: { network: 'vpc-2' } },
  { path: /^spec$/, beside: 'address', with: { network: 'vpc-2' } },
  { path: /^spec$/, beside: 'resolution', with: { resolution: 'STATIC', hosts: ['a.example.com'] } },
  { path: /^spec\.configPatches\[\]\.match$/, beside: 'waypoint', with: { context: 'WAYPOINT' } },
  { path: /^spec$/, beside: 'portLevelMtls', with: { selector: { matchLabels: { app: 'a' } } } },
];
