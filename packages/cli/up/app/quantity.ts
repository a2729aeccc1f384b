const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity (`256Mi`, `1.5G`, `500m`, `64`) as a number; undefined when it is none. */
export function parseQuantity(quantity: string | number): number | undefined {
  const [, digits, suffix = ''] = /^\+?(\d+\.?\d*|\.\d+)([mkMGTPE]i?|Ki)?$/.exec(String(quantity)) ?? [];
  const factor = FACTORS[suffix];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
