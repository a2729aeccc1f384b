type Labels = Readonly<Record<string, string>>;

/** Whether `labels` has every pair of `selector`. An empty selector matches everything. */
export function selects(selector: Labels, labels: Labels): boolean {
  for (const name in selector) if (labels[name] !== selector[name]) return false;
  return true;
}
