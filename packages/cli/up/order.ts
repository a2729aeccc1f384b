/** A node of the start graph: a workload and whom it needs. */
export interface OrderNode {
  readonly key: string;
  /** Keys of those it calls or depends on; unknown keys are ignored. */
  readonly needs: readonly string[];
}

/**
 * Layers for starting: who is in a layer needs only what is in earlier ones. Where workloads call each other
 * in a circle, the edge that closes it (in the order given) is dropped. Stopping goes the other way round.
 */
export function startLayers(nodes: readonly OrderNode[]): string[][] {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const layerOf = new Map<string, number>();
  const visiting = new Set<string>();
  const visit = (node: OrderNode): number => {
    const known = layerOf.get(node.key);
    if (known !== undefined) return known;
    visiting.add(node.key);
    let layer = 0;
    for (const key of node.needs) {
      const needed = byKey.get(key);
      if (needed === undefined || visiting.has(key)) continue;
      layer = Math.max(layer, visit(needed) + 1);
    }
    visiting.delete(node.key);
    layerOf.set(node.key, layer);
    return layer;
  };
  const layers: string[][] = [];
  for (const node of nodes) {
    const layer = visit(node);
    while (layers.length <= layer) layers.push([]);
    layers[layer]?.push(node.key);
  }
  return layers;
}
